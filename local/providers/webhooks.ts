import type { Alteration, Behaviour, Sending } from './behaviour.ts'
import type { Due } from './due.ts'
import type { JsonObject } from './json.ts'

/** Deliveries kept for `GET /_fake/events`. */
const logMax = 2000
/** Characters kept of the answer to an attempt: enough for a problem, not for a page. */
const answerMax = 1000

export interface FakeEvent {
  /** The provider's id of the event; for Paystack, which has none, only the fake's own. */
  id: string
  kind: string
  body: JsonObject
}

/** How one provider sends events. */
export interface Dispatch {
  /** Where to; undefined: the merchant has set no URL. Asked at every attempt. */
  url(): string | undefined
  /** The headers of one attempt: the signature over exactly these bytes, and the event id where the provider has one. */
  sign(raw: string, secret: string, event: FakeEvent): Record<string, string>
  secret: string
  /** The secret before the last rotation. */
  oldSecret: string
  /** How long the provider waits for an answer. */
  timeoutMs: number
  /** Waits between attempts, on the fake's clock; after the last one it gives up. */
  retryDelaysMs: readonly number[]
  /** Giving up switches the URL off (Razorpay). */
  disablesUrl: boolean
  /** The same event with another amount, currency or order, for a signature that is valid all the same. */
  alter(body: JsonObject, alteration: Alteration): JsonObject
}

export interface Delivery {
  eventId: string
  kind: string
  raw: string
  secret: 'current' | 'old'
  state: 'waiting' | 'delivered' | 'gave_up' | 'lost'
  /** `status` null: no answer. `atMs` on the fake's clock. `answer`: the beginning of the answer's body. */
  attempts: { atMs: number; status: number | null; answer: string }[]
}

export interface Sender {
  /** Sends the events of one happening, in this order unless a rule says otherwise; `how` stands in for the rules. Does not wait for the answers. */
  emit(events: FakeEvent[], how?: Sending): void
  /** Sends a delivery's event once more, signed with the current secret: the dashboard's replay. False: no such event. */
  replay(eventId: string): boolean
  deliveries(): readonly Delivery[]
  /** Waits until nothing is on its way; what waits for the clock does not count. */
  idle(): Promise<void>
  stop(): void
}

export function createSender(dispatch: Dispatch, due: Due, behaviour: Behaviour): Sender {
  const log: { event: FakeEvent; delivery: Delivery }[] = []
  const running = new Set<Promise<void>>()
  const stopped = new AbortController()
  const batch: ReturnType<typeof plan>[] = []
  let flushing = false

  const track = (work: Promise<void>) => {
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  const attempt = async (event: FakeEvent, delivery: Delivery): Promise<void> => {
    const url = behaviour.settings.webhooks ? dispatch.url() : undefined
    if (url === undefined || stopped.signal.aborted) {
      delivery.state = 'lost'
      return
    }
    const secret = delivery.secret === 'old' ? dispatch.oldSecret : dispatch.secret
    const atMs = due.now()
    const { status, answer } = await post(
      url,
      delivery.raw,
      dispatch.sign(delivery.raw, secret, event),
      dispatch,
      stopped.signal,
    )
    delivery.attempts.push({ atMs, status, answer })
    if (status !== null && status >= 200 && status < 300) delivery.state = 'delivered'
    else again(event, delivery, atMs)
  }

  const again = (event: FakeEvent, delivery: Delivery, atMs: number) => {
    const delayMs = dispatch.retryDelaysMs[delivery.attempts.length - 1]
    if (delayMs !== undefined) return due.at(atMs + delayMs, () => track(attempt(event, delivery)))
    delivery.state = 'gave_up'
    if (dispatch.disablesUrl) behaviour.settings.webhooks = false
  }

  const record = (event: FakeEvent, body: JsonObject, old: boolean): Delivery => {
    const delivery: Delivery = {
      eventId: event.id,
      kind: event.kind,
      raw: JSON.stringify(body),
      secret: old ? 'old' : 'current',
      state: 'waiting',
      attempts: [],
    }
    log.push({ event, delivery })
    if (log.length > logMax) log.shift()
    return delivery
  }

  /** Its turns: what is sent now, in order; what a rule delays waits for the clock. */
  const plan = (event: FakeEvent, how: Sending | undefined) => {
    const rule = (how ? { kind: event.kind, ...how } : behaviour.forEvent(event.kind)) ?? { kind: '*' }
    const body = rule.alter ? dispatch.alter(event.body, rule.alter) : event.body
    const sends = Array.from({ length: rule.copies ?? 1 }, () => {
      const delivery = record(event, body, rule.oldSecret === true)
      if (rule.lost) delivery.state = 'lost'
      return () => attempt(event, delivery)
    })
    return { rule, sends: rule.lost ? [] : sends }
  }

  const flush = (): Promise<void> => {
    flushing = false
    const plans = batch.splice(0)
    if (plans.some(({ rule }) => rule.reverse)) plans.reverse()
    let line = Promise.resolve()
    for (const { rule, sends } of plans) {
      for (const send of sends) {
        if (rule.concurrent) track(send())
        else line = line.then(send)
      }
    }
    return line
  }

  return {
    emit: (events, how) => {
      for (const { rule, sends } of events.map((event) => plan(event, how))) {
        if (rule.delayMs) for (const send of sends) due.at(due.now() + rule.delayMs, () => track(send()))
        else batch.push({ rule, sends })
      }
      // One call can tell of several things one after the other: they are one happening, sent together.
      if (!flushing) track(Promise.resolve().then(flush))
      flushing = true
    },
    replay: (eventId) => {
      const found = log.findLast(({ event }) => event.id === eventId)
      if (!found) return false
      const delivery = record(found.event, found.event.body, false)
      track(attempt(found.event, delivery))
      return true
    },
    deliveries: () => log.map(({ delivery }) => delivery),
    idle: async () => {
      while (running.size > 0) await Promise.all(running)
    },
    stop: () => stopped.abort(),
  }
}

/** Status null when no answer came in time. Redirections are not followed: to the providers they are failures. */
async function post(
  url: string,
  raw: string,
  headers: Record<string, string>,
  { timeoutMs }: Dispatch,
  stopped: AbortSignal,
): Promise<{ status: number | null; answer: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: raw,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), stopped]),
    })
    const answer = (await response.text()).slice(0, answerMax)
    return { status: response.status, answer }
  } catch {
    return { status: null, answer: '' }
  }
}
