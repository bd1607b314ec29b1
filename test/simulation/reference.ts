import { guardOf, idOf } from '#domain/guard'
import { Problem } from '#errors/problem'
import { putAccount } from '#operations/accounts'
import { deductCredits, grantCredits } from '#operations/credits'
import type { HttpOperation } from '#operations/definition'
import { check } from '#operations/entitlements'
import { again, contend } from '#runtime/contend'
import { handleHttp } from '#runtime/http'
import type { Input, Run } from '#runtime/run'
import { counterKey, operationKey, walletKey } from '#table/keys'
import { absent, equals, type Item, type Key, type Value, type Write } from '#table/port'
import { asked, memberOf } from './answers.ts'
import type { Handlers } from './caller.ts'
import { creditCosts } from './catalogue.ts'
import { copy } from './memoryTable.ts'

/**
 * The design in a hundred lines, without expiry, holds or plans: a right answer to try the simulator on. It must stand
 * every seed, and each mutant of it must fall; then what the simulator says of the product can be believed.
 */
interface Plan {
  status: number
  answer: Record<string, Value>
  /** Next images of items that were read. */
  next: Item[]
  entry?: Record<string, Value>
}
type Decide = (images: Map<string, Item>, input: Input, id: string) => Plan

const featureOf = (input: Input): string => String(memberOf(input.body, 'feature'))

const limit = 5
const window = { id: 'month#2026-01-01T00:00:00.000Z' }

// An eventually consistent read may not see a wallet that was just made; its write then fails and brings the image.
const emptyWallet = { bal: 0, held: 0, seq: 0, gr: {}, hld: {} }

function once(keysOf: (input: Input) => Key[], decide: Decide) {
  return async (
    input: Input,
    deps: Parameters<Run<HttpOperation>>[1],
  ): Promise<{ status: number; answer: unknown }> => {
    const guard = guardOf(input.key.class, 'reference', input.key.text)
    const keys = keysOf(input)
    const images = new Map<string, Item>()
    const keep = (key: Key, item: Item | undefined) =>
      images.set(key.sk, item ?? { ...key, ...(key.sk === 'WALLET' && emptyWallet), ver: 0 })
    for (const [index, item] of (await deps.table.batchGet(keys)).entries()) keep(keys[index] ?? walletKey(''), item)
    return contend(deps, async () => {
      const plan = decide(images, input, idOf('led', deps.clock.now(), guard))
      const entity = plan.status < 300 && plan.next.length > 0 ? 'entry' : 'refusal'
      const row: Write = {
        kind: 'put',
        item: {
          ...operationKey(input.accountId, guard),
          entity,
          status: plan.status,
          answer: plan.answer,
          ...plan.entry,
        },
        when: absent,
      }
      // A refusal rests on what was read as much as a success does.
      const seen =
        plan.next.length > 0
          ? plan.next.map((item) => putNext(item))
          : keys.map((key) => unchanged(key, images.get(key.sk)))
      const outcome = await deps.table.write([...seen, row])
      if (outcome.committed) return plan
      const stored = outcome.refusals.at(-1)?.item
      if (stored) return { status: Number(stored.status), answer: stored.answer }
      for (const [index, write] of seen.entries()) {
        const refusal = outcome.refusals[index]
        if (refusal) keep(write.kind === 'put' ? write.item : write.key, refusal.item)
      }
      return again
    })
  }
}

const putNext = (item: Item): Write => ({
  kind: 'put',
  item: { ...item, ver: Number(item.ver) + 1 },
  when: Number(item.ver) === 0 ? absent : equals('ver', Number(item.ver)),
})
const unchanged = ({ pk, sk }: Key, item: Item | undefined): Write => ({
  kind: 'check',
  key: { pk, sk },
  when: item?.ver ? equals('ver', Number(item.ver)) : absent,
})

function take(wallet: Item, amount: number): { next: Item; entry: Record<string, Value> } {
  const next = copy(wallet)
  const grants = next.gr as Record<string, { r: number }>
  const moves: Value[] = []
  let rest = amount
  for (const id of Object.keys(grants).sort()) {
    const part = Math.min(rest, grants[id]?.r ?? 0)
    if (part === 0) continue
    rest -= part
    moves.push({ g: id, n: -part })
    if (grants[id]?.r === part) delete grants[id]
    else grants[id] = { r: (grants[id]?.r ?? 0) - part }
  }
  return { next, entry: move(next, 'deduct', -amount, moves) }
}

function move(next: Item, type: string, amount: number, moves: Value[]): Record<string, Value> {
  next.bal = Number(next.bal) + amount
  next.seq = Number(next.seq) + 1
  return { type, amount, seq: next.seq, balanceAfter: next.bal, moves }
}

const decideGrant: Decide = (images, input, id) => {
  const amount = asked(input.body, 'amount')
  const next = copy(images.get('WALLET') as Item)
  const grantId = id.replace('led_', '')
  Object.assign(next, { gr: { ...(next.gr as Record<string, Value>), [grantId]: { r: amount } } })
  const entry = move(next, 'grant', amount, [{ g: grantId, n: amount }])
  return {
    status: 201,
    next: [next],
    entry,
    answer: { id: `grn_${grantId}`, amount, expiresAt: null, priority: 0, balance: Number(next.bal), entryId: id },
  }
}

const decideDeduct: Decide = (images, input, id) => {
  const amount = asked(input.body, 'amount')
  const wallet = images.get('WALLET') as Item
  if (Number(wallet.bal) < amount)
    return { status: 402, next: [], answer: { balance: Number(wallet.bal), required: amount } }
  const { next, entry } = take(wallet, amount)
  return {
    status: 201,
    next: [next],
    entry,
    answer: { id: id.replace('led', 'ded'), amount, balance: Number(next.bal), entryId: id },
  }
}

const decideCheck: Decide = (images, input, id) => {
  const feature = featureOf(input)
  const quantity = asked(input.body, 'quantity')
  const wallet = images.get('WALLET') as Item
  const counter = [...images.values()].find(({ sk }) => sk.startsWith('USE#')) as Item
  const used = Number(counter.n ?? 0)
  const cost = quantity * (creditCosts[feature] ?? 0)
  const view = (allowed: boolean, n: number, balance: number): Record<string, Value> => ({
    allowed,
    feature,
    kind: 'metered',
    planId: 'free',
    limit,
    used: n,
    remaining: limit - n,
    resetsAt: null,
    credits: { cost, balance },
  })
  const balance = Number(wallet.bal)
  if (used + quantity > limit)
    return { status: 200, next: [], answer: { ...view(false, used, balance), reason: 'usage_limit_reached' } }
  if (balance < cost)
    return { status: 200, next: [], answer: { ...view(false, used, balance), reason: 'insufficient_credits' } }
  const counted = { ...counter, n: used + quantity }
  const taken = cost > 0 ? take(wallet, cost) : undefined
  return {
    status: 200,
    next: taken ? [counted, taken.next] : [counted],
    answer: { ...view(true, used + quantity, balance - cost), usageId: id.replace('led', 'use') },
    ...(taken && { entry: taken.entry }),
  }
}

const wallet = (input: Input): Key[] => [walletKey(input.accountId)]
const walletAndCounter = (input: Input): Key[] => [
  ...wallet(input),
  counterKey(input.accountId, featureOf(input), window.id),
]

const serve = (operation: HttpOperation, act: ReturnType<typeof once>): Handlers => ({
  [operation.id]: (event, deps) =>
    handleHttp(
      operation,
      async (input, inner) => {
        const { status, answer } = await act(input, inner)
        if (status === 402)
          throw new Problem('insufficient_credits', 'There are too few credits.', { ...Object(answer) })
        return answer
      },
      deps,
      event,
    ),
})

const makeWallet: ReturnType<typeof once> = async (input, deps) => {
  await deps.table.write([
    {
      kind: 'put',
      item: { ...walletKey(input.accountId), ...emptyWallet, ver: 1 },
      when: absent,
    },
  ])
  const answer = {
    id: input.accountId,
    email: null,
    name: null,
    currency: null,
    timeZone: 'UTC',
    pendingTimeZone: null,
    country: null,
    metadata: {},
    planId: null,
    suspended: false,
    createdAt: null,
  }
  return { status: 200, answer }
}

export const referenceHandlers: Handlers = {
  ...serve(putAccount, makeWallet),
  ...serve(grantCredits, once(wallet, decideGrant)),
  ...serve(deductCredits, once(wallet, decideDeduct)),
  ...serve(check, once(walletAndCounter, decideCheck)),
}
