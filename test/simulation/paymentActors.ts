import { refundPayment, reviewPayment } from '#operations/adminPayments'
import { createCheckout, verifyPayment } from '#operations/payments'
import type { Call, Callers, Intent, Reply } from './caller.ts'
import { couponCode, staffReason } from './paymentCatalogue.ts'
import { rowsIn } from './paymentRows.ts'
import type { BookPayment, Books } from './providerBooks.ts'
import type { Flow } from './providerFlow.ts'
import { returnSignature } from './providerGateway.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface Market {
  world: World
  callers: Callers
  random: Random
  books: Books
  flow: Flow
}

const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000]
export const accounts = ['acme', 'bolt']

/** Whatever is refused here speaks of the moment; of a success only what names the thing must stay the same. */
const intentOf = (id: string, call: Call, standing: (body: Reply['body']) => unknown): Intent => ({
  id,
  group: id,
  open: true,
  call,
  standing,
})

/** Somebody who buys, once or twice: pays well, badly, late, twice or never, and comes back to the shop or does not. */
export async function customer(market: Market, name: string): Promise<void> {
  const { world, random } = market
  const accountId = random.pick(accounts)
  const purchases = random.chance(0.3) ? 2 : 1
  for (let at = 0; at < purchases; at++) {
    await world.scheduler.sleep(random.between(1, random.pick([30, 30, 30, 2_000, 20 * minuteMs])))
    const begun = await checkOut(market, `${name}.${at}`, accountId)
    if (begun) await payAndReturn(market, `${name}.${at}`, accountId, begun)
  }
}

const products = [{ priceId: 'pro-once' }, { productId: 'pack' }, { productId: 'item' }, { productId: 'item' }]

interface Begun {
  paymentId: string
  orderId: string
}

/** Under one key, until there is a page to pay on, or a reason why not. */
async function checkOut(
  { world, callers, random }: Market,
  name: string,
  accountId: string,
): Promise<Begun | undefined> {
  const product = random.pick(products)
  const body = {
    ...product,
    ...('productId' in product && product.productId === 'pack' && { quantity: random.between(1, 2) }),
    ...(random.chance(0.5) && { couponCode }),
  }
  const call = { operation: createCheckout, accountId, body }
  const buy = intentOf(`${name} checkout`, call, ({ paymentId, providerOrderId }) => ({ paymentId, providerOrderId }))
  for (let attempt = 0; attempt < 8; attempt++) {
    const reply = await callers.ask(buy)
    if (reply && reply.body.code !== 'idempotency_in_progress') return begunIn(reply)
    if (random.chance(0.1)) return undefined
    await world.scheduler.sleep(random.between(2 * secondMs, 25 * secondMs))
  }
  return undefined
}

function begunIn({ status, body: { paymentId, checkout } }: Reply): Begun | undefined {
  const { orderId } = Object(checkout)
  return status === 201 && typeof paymentId === 'string' && typeof orderId === 'string'
    ? { paymentId, orderId }
    : undefined
}

async function payAndReturn(market: Market, name: string, accountId: string, begun: Begun): Promise<void> {
  const { world, random, books, flow } = market
  if (random.chance(0.12)) return
  const order = books.order(begun.orderId)
  // Some leave the page open over night, and close it once they have paid.
  const isLate = random.chance(0.25)
  const [from, to] = isLate ? [10 * hourMs, 26 * hourMs] : [1, random.pick([200, 20 * secondMs, 10 * minuteMs])]
  await world.scheduler.sleep(random.between(from, to))
  const paid = [flow.pay(order)]
  // Declined: most try again. Some have the page open twice.
  if (random.chance(paid[0]?.status === 'failed' ? 0.6 : 0.08)) {
    await world.scheduler.sleep(random.between(1, random.pick([50, minuteMs])))
    paid.push(flow.pay(order))
  }
  const returns = isLate && random.chance(0.7) ? 0 : random.pick([0, 1, 1, 2])
  await Promise.all(
    Array.from({ length: returns }, async (_, at) => {
      await world.scheduler.sleep(random.between(1, random.pick([20, 2 * secondMs])))
      await market.callers.ask(verifyOf(market, `${name} verify ${at}`, accountId, begun, random.pick(paid)))
    }),
  )
}

const verifyOf = ({ books }: Market, id: string, accountId: string, begun: Begun, paid: BookPayment): Intent =>
  intentOf(
    id,
    { operation: verifyPayment, accountId, body: { paymentId: begun.paymentId, ...handedOver(books, paid) } },
    (body) => body.id,
  )

/** What the provider's library gives to the page. */
function handedOver({ provider }: Books, { id, order }: BookPayment): Record<string, string> {
  if (provider === 'paystack') return { reference: order.id }
  if (provider === 'stripe') return { sessionId: order.id }
  return {
    razorpay_order_id: order.id,
    razorpay_payment_id: id,
    razorpay_signature: returnSignature(order.id, id),
  }
}

/** Staff give money back, in parts, several at a time. */
export async function staff({ world, callers, random }: Market): Promise<void> {
  const rounds = random.between(1, 4)
  for (let round = 0; round < rounds; round++) {
    await world.scheduler.sleep(
      random.between(1, random.pick([3 * secondMs, 2 * minuteMs, 5 * hourMs, 30 * hourMs, 50 * hourMs])),
    )
    const paid = rowsIn(world.store.items()).payments.filter(({ charges }) => charges.some(({ as }) => as))
    if (paid.length === 0) continue
    const { id, subject, amountMinor, charges } = random.pick(paid)
    const charge = random.pick(charges)
    const wanted = Array.from({ length: random.between(1, 3) }, (_, at) => ({
      name: `staff.${round}.${at}`,
      body: {
        reason: staffReason,
        ...(random.chance(0.8) && { amount: random.between(1, amountMinor) }),
        ...(subject.kind === 'plan' && { plan: random.pick(['now', 'keep']) }),
        ...(random.chance(0.3) && { providerPaymentId: charge.providerPaymentId }),
      },
    }))
    await Promise.all(
      wanted.map(({ name, body }) =>
        callers.ask(
          intentOf(
            name,
            { operation: refundPayment, accountId: '', params: { paymentId: id }, body },
            ({ id: refund, amount }) => ({ refund, amount }),
          ),
        ),
      ),
    )
  }
}

/** Somebody looks at what is in review, and decides: rightly, wrongly, or after somebody else did. */
export async function reviewers({ world, callers, random }: Market): Promise<void> {
  const rounds = random.between(4, 8)
  for (let round = 0; round < rounds; round++) {
    await world.scheduler.sleep(random.between(minuteMs, random.pick([hourMs, 30 * hourMs, 40 * hourMs])))
    const { payments } = rowsIn(world.store.items())
    const odd = payments.filter(({ status }) => status === 'review')
    if (odd.length === 0) continue
    const { id, amountMinor, charges } = random.pick(odd)
    const { providerPaymentId, capture } = random.pick(charges)
    const fits = capture?.amountMinor === amountMinor && charges.every(({ as }) => as !== 'granted')
    await Promise.all(
      Array.from({ length: random.between(1, 2) }, (_, at) => {
        const as = fits && random.chance(0.7) ? 'settled' : random.pick(['settled', 'kept', 'returned'])
        const body = { providerPaymentId, as }
        const call = { operation: reviewPayment, accountId: '', params: { paymentId: id }, body }
        return callers.ask(intentOf(`review.${round}.${at}`, call, (told) => told.id))
      }),
    )
  }
}
