import * as z from 'zod/mini'

/** Faults of an answer. Those that begin with `commit_then` and the two mangled answers have done the work. */
const faults = [
  'hang',
  'drop',
  'commit_then_hang',
  'commit_then_drop',
  'too_many_requests',
  'server_error',
  'bad_gateway_html',
  'truncated',
  'invalid_json',
] as const
export type Fault = (typeof faults)[number]

const times = z.optional(z.int().check(z.minimum(1), z.maximum(10_000)))
/** Longer than any client waits. */
const delayMsMax = 120_000
/** Longer than any provider goes on trying (Stripe: 3 days) and than a test clock usually jumps. */
const eventDelayMsMax = 40 * 24 * 3600 * 1000

const requestRule = z.strictObject({
  route: z.string().check(z.minLength(1), z.maxLength(200)),
  times,
  delayMs: z.optional(z.int().check(z.minimum(0), z.maximum(delayMsMax))),
  fault: z.optional(z.enum(faults)),
  retryAfterSeconds: z.optional(z.int().check(z.minimum(0), z.maximum(3600))),
})
export type RequestRule = z.infer<typeof requestRule>

const alteration = z.strictObject({
  amount: z.optional(z.int()),
  currency: z.optional(z.string().check(z.maxLength(3))),
  orderId: z.optional(z.string().check(z.maxLength(100))),
})
export type Alteration = z.infer<typeof alteration>

const eventRule = z.strictObject({
  kind: z.string().check(z.minLength(1), z.maxLength(100)),
  times,
  copies: z.optional(z.int().check(z.minimum(1), z.maximum(20))),
  delayMs: z.optional(z.int().check(z.minimum(0), z.maximum(eventDelayMsMax))),
  reverse: z.optional(z.boolean()),
  concurrent: z.optional(z.boolean()),
  oldSecret: z.optional(z.boolean()),
  lost: z.optional(z.boolean()),
  alter: z.optional(alteration),
})
type EventRule = z.infer<typeof eventRule>
/** How one event that was asked for is sent; the rules do not hold for it. */
export const sending = z.pick(eventRule, { copies: true, oldSecret: true, alter: true })
export type Sending = z.infer<typeof sending>

const settingsSchema = z.strictObject({
  /** Razorpay: captures what it authorises. */
  autoCapture: z.optional(z.boolean()),
  /** Razorpay: `invoice.paid` and `subscription.charged` too, so that one charge makes five events. */
  fiveEvents: z.optional(z.boolean()),
  /** Razorpay: the notice before a debit fails, and so does the debit. */
  preDebitNoticeFails: z.optional(z.boolean()),
  /** Paystack: the fee that the customer pays on top, in the subunit. */
  customerFee: z.optional(z.int().check(z.minimum(0), z.maximum(1_000_000))),
  /** How long a refund stays pending, on the fake's clock. */
  refundDelayMs: z.optional(z.int().check(z.minimum(0), z.maximum(eventDelayMsMax))),
  /** How long a processing payment stays so, on the fake's clock. */
  processingMs: z.optional(z.int().check(z.minimum(0), z.maximum(eventDelayMsMax))),
  /** Whether the provider has our webhook URL switched on. */
  webhooks: z.optional(z.boolean()),
})

/** The body of `POST /_fake/behave`. `reset` forgets all rules and puts the settings back before the rest applies. */
export const behaveRequest = z.strictObject({
  reset: z.optional(z.boolean()),
  requests: z.optional(z.array(requestRule).check(z.maxLength(50))),
  events: z.optional(z.array(eventRule).check(z.maxLength(50))),
  settings: z.optional(settingsSchema),
})
export type BehaveRequest = z.infer<typeof behaveRequest>

interface Settings {
  autoCapture: boolean
  fiveEvents: boolean
  preDebitNoticeFails: boolean
  customerFee: number
  refundDelayMs: number
  processingMs: number
  webhooks: boolean
}

const usual: Settings = {
  autoCapture: true,
  fiveEvents: false,
  preDebitNoticeFails: false,
  customerFee: 0,
  refundDelayMs: 0,
  processingMs: 10 * 60 * 1000,
  webhooks: true,
}

export interface Behaviour {
  settings: Settings
  /** Adds rules (they hold in the order they came) and changes settings. */
  change(request: BehaveRequest): void
  /** The rule for a call of this route (`POST /v1/orders/:id`); counts it. */
  forRequest(route: string): RequestRule | undefined
  forEvent(kind: string): EventRule | undefined
}

export function createBehaviour(): Behaviour {
  const settings: Settings = { ...usual }
  let requests: Counted<RequestRule>[] = []
  let events: Counted<EventRule>[] = []
  return {
    settings,
    change: (request) => {
      if (request.reset) {
        requests = []
        events = []
        Object.assign(settings, usual)
      }
      requests.push(...(request.requests ?? []).map(counted))
      events.push(...(request.events ?? []).map(counted))
      Object.assign(settings, request.settings)
    },
    forRequest: (route) => take(requests, (rule) => rule.route === '*' || rule.route === route),
    forEvent: (kind) => take(events, (rule) => rule.kind === '*' || rule.kind === kind),
  }
}

interface Counted<Rule> {
  rule: Rule
  left: number
}

const counted = <Rule extends { times?: number | undefined }>(rule: Rule): Counted<Rule> => ({
  rule,
  left: rule.times ?? Number.POSITIVE_INFINITY,
})

function take<Rule>(rules: Counted<Rule>[], fits: (rule: Rule) => boolean): Rule | undefined {
  const found = rules.find(({ rule, left }) => left > 0 && fits(rule))
  if (found) found.left--
  return found?.rule
}
