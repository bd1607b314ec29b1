import type { Gateway } from '#gateways/gateway'
import { putAccount } from '#operations/accounts'
import { userKey } from '#table/keys'
import { Callers } from './caller.ts'
import { publishedItems } from './catalogue.ts'
import { accounts, customer, type Market, reviewers, staff } from './paymentActors.ts'
import { paymentCatalogue } from './paymentCatalogue.ts'
import { PaymentOracle } from './paymentOracle.ts'
import { rowsIn } from './paymentRows.ts'
import { compareUntil, sweepOut, sweepUntil } from './paymentSweep.ts'
import { Traffic } from './paymentTraffic.ts'
import { paymentHandlers } from './product.ts'
import { Books } from './providerBooks.ts'
import { Flow } from './providerFlow.ts'
import { simulatedGateway } from './providerGateway.ts'
import { Post } from './providerPost.ts'
import { inTime, type Play, type Run } from './stage.ts'
import { type Mutation, type ProviderCall, World } from './world.ts'

/** A deliberately broken product: at its table, or at its gateway. */
export interface PaymentMutation {
  table?: (play: PaymentPlay) => Mutation
  gateway?: (gateway: Gateway, play: PaymentPlay) => Gateway
}

/** Before midnight and before the new year: days and series change while customers buy. */
const startAt = Date.parse('2026-12-31T21:30:00Z')
const dayMs = 86_400_000
const openMs = 5 * dayMs
const mostFaults = 16
const mostFaultsAtProvider = 10
/** Spread over days instead of the first checkouts. */
const faultRate = 0.4

/** One run: a shop, a provider, and everything between them. */
export interface PaymentPlay extends Market {
  post: Post
  traffic: Traffic
}

/** Purchases, webhooks, look-ups, refunds and numbers, racing at a provider that errs as they do. */
export const paymentPlay = (mutation: PaymentMutation = {}): Play => ({
  name: 'payments',
  play: (seed, { tracing = false } = {}) => playPayments(seed, mutation, tracing),
})

async function playPayments(seed: number, mutation: PaymentMutation, tracing: boolean): Promise<Run> {
  const play = open(seed, mutation, tracing)
  const { world, callers, random, books, traffic } = play
  const oracle = new PaymentOracle(world, books)
  const budget = random.between(0, mostFaults)
  const run = (violation?: string): Run => ({
    seed,
    ...(violation !== undefined && { violation }),
    trace: world.trace.lines,
    answers: [...callers.dialogues.values()].filter(({ reply }) => reply !== undefined).length,
    faults: budget,
  })
  try {
    await inTime(world, prepare(play))
    Object.assign(world.faults, {
      left: budget,
      leftAtProvider: random.between(0, mostFaultsAtProvider),
      rate: faultRate,
    })
    const until = startAt + openMs
    const customers = Array.from({ length: random.between(2, 4) }, (_, at) => customer(play, `customer${at}`))
    const background = [
      staff(play),
      reviewers(play),
      sweepUntil(world, traffic, until),
      compareUntil(world, traffic, until),
    ]
    await inTime(world, Promise.all([...customers, ...background]))
    world.faults.calm()
    await inTime(world, callers.settle())
    // The last of the nights that look at anything, and whatever still waits for its time.
    await inTime(world, compareUntil(world, traffic, world.now + 2 * dayMs))
    await inTime(world, sweepOut(world, traffic, world.now + 10 * dayMs))
    for (const { intent, reply } of callers.dialogues.values())
      if (reply?.body.code === 'validation_failed')
        throw new Error(`${intent.id} was not understood: ${JSON.stringify(reply.body)}`)
    oracle.judge(world)
    return { ...run(), tally: tallyOf(world) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return run(error.name === 'Violation' ? error.message : (error.stack ?? error.message))
  }
}

function open(seed: number, mutation: PaymentMutation, tracing: boolean): PaymentPlay {
  const payments = (call: ProviderCall) => {
    const plain = simulatedGateway(books, post, call)
    const gateway = mutation.gateway?.(plain, play) ?? plain
    return { turnedOn: [books.provider], gateway: () => gateway, seal }
  }
  const world: World = new World({
    seed,
    startAt,
    catalogue: paymentCatalogue,
    payments,
    mutation: (table, of) => mutation.table?.(play)(table, of) ?? table,
    tracing,
  })
  world.store.write([...publishedItems(paymentCatalogue), staffMember])
  const random = world.random.fork()
  const traffic = new Traffic(world, random.fork())
  const now = () => Math.floor(world.now)
  const post = new Post(random.fork(), now, (letter) => {
    world.trace.note('provider', `tells ${letter.event.eventKey}: ${JSON.stringify(letter.event.about)}`)
    traffic.post(letter)
  })
  const books: Books = new Books({
    provider: random.pick(['razorpay', 'paystack', 'stripe'] as const),
    random: random.fork(),
    now,
    tell: (news) => {
      post.tell(books, news)
      if (news.refund?.status === 'pending') flow.afterRefund(news.payment, news.refund)
      if (!news.refund && !news.dispute && news.payment.status === 'captured') flow.afterCapture(news.payment)
    },
  })
  const flow = new Flow(books, random.fork(), world.scheduler)
  const play: PaymentPlay = {
    world,
    callers: new Callers(world, paymentHandlers),
    random,
    books,
    flow,
    post,
    traffic,
  }
  return play
}

/** What happened in a run that kept every promise: over many runs, a count of nothing says that they have gone blind. */
function tallyOf({ store }: World): Record<string, number> {
  const { payments, refunds, invoices } = rowsIn(store.items())
  const resolved = (by: string) =>
    payments.filter(({ charges }) => charges.some((charge) => charge.resolved?.as === by)).length
  const as = payments.flatMap(({ charges }) => charges.map((charge) => charge.as))
  return {
    granted: as.filter((each) => each === 'granted').length,
    credited: as.filter((each) => each === 'account_credit').length,
    held: as.filter((each) => each === 'held').length,
    expired: payments.filter(({ progress, settled }) => progress === 'expired' && !settled).length,
    settledLate: payments.filter(({ progress, settled }) => progress === 'expired' && settled).length,
    paidTwice: payments.filter(({ charges }) => charges.filter(({ capture }) => capture).length > 1).length,
    refunded: refunds.filter(({ status }) => status === 'processed').length,
    refundFailed: refunds.filter(({ status }) => status === 'failed').length,
    notes: invoices.filter(({ kind }) => kind === 'credit_note').length,
    disputed: payments.filter(({ disputes }) => disputes.length > 0).length,
    won: payments.filter(({ disputes }) => disputes.some(({ outcome }) => outcome?.won === true)).length,
    lost: payments.filter(({ disputes }) => disputes.some(({ outcome }) => outcome?.won === false)).length,
    settledByStaff: resolved('settled'),
    keptByStaff: resolved('kept'),
    returnedByStaff: resolved('returned'),
    couponReleased: payments.filter(({ holds, released }) => holds.coupon && released).length,
  }
}

/** No method is saved here, so nothing is sealed. */
const seal = { seal: (text: string) => text, open: (sealed: string) => sealed }

const staffMember = {
  kind: 'put' as const,
  item: { ...userKey('staff'), entity: 'user', v: 1, role: 'ADMIN', createdAt: startAt, updatedAt: startAt },
  when: 'unconditional' as const,
}

async function prepare({ callers }: Market): Promise<void> {
  for (const accountId of accounts)
    await callers.ask({
      id: `make ${accountId}`,
      group: accountId,
      call: { operation: putAccount, accountId, body: { email: 'owner@example.com' } },
      standing: ({ id }) => id,
    })
}
