import { grantPlan } from '#operations/admin'
import { refundPayment } from '#operations/adminPayments'
import type { HttpOperation } from '#operations/definition'
import { createCheckout, verifyPayment } from '#operations/payments'
import * as subscriptions from '#operations/subscriptions'
import { recordUsage } from '#operations/usage'
import type { Callers, Reply } from './caller.ts'
import type { Books } from './providerBooks.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'
import { couponCodes, planOf, priceIds } from './yearCatalogue.ts'
import type { YearOracle } from './yearOracle.ts'
import { yearRowsIn } from './yearRows.ts'
import type { Vault } from './yearVault.ts'

export interface YearMarket {
  world: World
  callers: Callers
  random: Random
  books: Books
  vault: Vault
  oracle: YearOracle
  /** Until when customers do anything. */
  until: number
}

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000]
/** Around the end of what is paid: before a mandate, at the instant, between retries, at the end of grace. */
const nearEndMs = [
  -50 * hourMs,
  -30 * hourMs,
  -minuteMs,
  -2 * secondMs,
  5 * minuteMs,
  16 * minuteMs,
  25 * hourMs,
  60 * hourMs,
  71 * hourMs,
  73 * hourMs,
]

/** One customer with one account, from the first purchase on. */
export class Subscriber {
  readonly #market: YearMarket
  readonly #accountId: string
  #asked = 0

  constructor(market: YearMarket, accountId: string) {
    this.#market = market
    this.#accountId = accountId
  }

  async live(): Promise<void> {
    const { world, random, until } = this.#market
    await world.scheduler.sleep(random.between(1, random.pick([1, hourMs, 20 * dayMs])))
    while (world.now < until) {
      const act = this.#acts()
      await act()
      await world.scheduler.sleep(Math.min(this.#pause(), Math.max(1, until - world.now)))
    }
  }

  #pause(): number {
    const { world, random, oracle } = this.#market
    const end = oracle.present(this.#accountId)?.end ?? 0
    const chance = random.next()
    if (chance < 0.15) return random.between(1, minuteMs)
    if (chance < 0.6 && end > world.now) {
      const at = end + random.pick(nearEndMs) + random.between(-secondMs, secondMs)
      if (at > world.now) return at - world.now
    }
    return random.between(hourMs, random.pick([3 * dayMs, 40 * dayMs, 100 * dayMs]))
  }

  #acts(): () => Promise<unknown> {
    const { world, random, oracle } = this.#market
    const life = oracle.present(this.#accountId)
    const { status, access } = life?.statusAt(world.now) ?? { status: 'none', access: false }
    if (!access && (status !== 'canceled' || random.chance(0.4)))
      return random.chance(0.25) ? () => this.#try() : () => this.#buy()
    if (status === 'canceled') return () => this.#ask('reactivate', subscriptions.reactivateSubscription)
    return random.pick([
      async () => {},
      async () => {},
      () => this.#use(),
      () => this.#use(),
      () => this.#use(),
      () => this.#change(),
      () => this.#change(),
      () => this.#change(),
      () => this.#thereAndBack(),
      () => this.#cancel(),
      () => this.#cancel(),
      () => this.#ask('reactivate', subscriptions.reactivateSubscription),
      () => this.#ask('renewing', subscriptions.updateSubscription, { autoRenew: random.chance(0.6) }),
      () => this.#ask('drop', subscriptions.deleteScheduledChange),
      () => this.#renew(),
      () => this.#renew(),
      () => this.#staff(),
      () => this.#staff(),
    ])
  }

  #ask(
    what: string,
    operation: HttpOperation,
    body?: unknown,
    params?: Record<string, string>,
  ): Promise<Reply | undefined> {
    const id = `${this.#accountId}.${this.#asked++} ${what}`
    const call = {
      operation,
      accountId: this.#accountId,
      ...(params && { params }),
      ...(body !== undefined && { body }),
    }
    // What is answered speaks of the moment; the effect is judged by the books.
    return this.#market.callers.ask({ id, group: id, open: true, passing: true, call, standing: () => true })
  }

  #method(): string | undefined {
    const { world, random } = this.#market
    const own = world.store
      .items()
      .filter(({ entity, accountId }) => entity === 'paymentMethod' && accountId === this.#accountId)
    return own.length === 0 ? undefined : String(random.pick(own).id)
  }

  /** One of the saved methods, or none: then on the page. */
  #paying(): { paymentMethodId?: string } {
    const method = this.#market.random.chance(0.6) ? this.#method() : undefined
    return method === undefined ? {} : { paymentMethodId: method }
  }

  #coupon(chance: number): { couponCode?: string } {
    const { random } = this.#market
    return random.chance(chance) ? { couponCode: random.pick(couponCodes) } : {}
  }

  async #buy(): Promise<void> {
    const priceId = this.#market.random.pick(priceIds)
    await this.#pay(await this.#ask('buy', createCheckout, { priceId, ...this.#coupon(0.4), ...this.#paying() }))
  }

  async #renew(): Promise<void> {
    await this.#pay(await this.#ask('renew', subscriptions.renewSubscription, this.#paying()))
  }

  /** Some calls; mostly more in a month than are included. */
  async #use(): Promise<void> {
    const { world, random } = this.#market
    for (let times = random.between(1, 3); times > 0; times--) {
      await this.#ask('use', recordUsage, { feature: 'call', quantity: random.between(1, 25) })
      await world.scheduler.sleep(random.between(1, random.pick([2 * secondMs, hourMs])))
    }
  }

  #try(): Promise<unknown> {
    const { random } = this.#market
    const priceId = random.pick(priceIds.filter((id) => planOf(id) === 'lite'))
    return this.#ask('try', subscriptions.startTrial, { priceId, ...this.#paying() })
  }

  #cancel(): Promise<unknown> {
    const when = this.#market.random.chance(0.35) ? 'now' : 'period_end'
    return this.#ask('cancel', subscriptions.cancelSubscription, { when })
  }

  /** Any price, the dearer one of the same interval more often: that is what is paid for the rest of a period. */
  #other(): string {
    const { world, random, oracle } = this.#market
    const dearer = oracle.present(this.#accountId)?.priceAt(world.now).replace('lite', 'pro')
    return random.chance(0.3) && dearer !== undefined ? dearer : random.pick(priceIds)
  }

  async #change(priceId: string = this.#other()): Promise<void> {
    const { world, random } = this.#market
    const what = { priceId, ...this.#coupon(0.2) }
    let token: unknown
    if (random.chance(0.5)) {
      const preview = await this.#ask('preview', subscriptions.previewChange, what)
      token = preview?.body.token
      await world.scheduler.sleep(random.between(1, random.pick([10 * secondMs, 10 * minuteMs, 20 * minuteMs])))
    }
    const body = { ...what, ...this.#paying(), ...(typeof token === 'string' && { token }) }
    const reply = await this.#ask('change', subscriptions.changeSubscription, body)
    if (reply?.body.status === 'payment_required')
      await this.#pay({ ...reply, status: 201, body: { ...reply.body, paymentId: Object(reply.body.payment).id } })
  }

  /** A → B → A, within moments. */
  async #thereAndBack(): Promise<void> {
    const { world, oracle } = this.#market
    const from = oracle.present(this.#accountId)?.priceAt(world.now)
    await this.#change()
    await world.scheduler.sleep(this.#market.random.between(1, minuteMs))
    await this.#change(from)
  }

  /** On the provider's page: soon, late or never; most leave a method that may be charged again. */
  async #pay(reply: Reply | undefined): Promise<void> {
    const { world, random, books, vault } = this.#market
    const { orderId } = Object(reply?.body.checkout)
    if (!reply || reply.status >= 300 || typeof orderId !== 'string' || random.chance(0.1)) return
    await world.scheduler.sleep(random.between(1, random.pick([20 * secondMs, 10 * minuteMs, 10 * hourMs])))
    const order = books.order(orderId)
    if (order.payments.length > 0) return
    const payment = books.pay(order)
    if (random.chance(0.85))
      payment.token = vault.keep(this.#accountId, world.now + random.between(10 * dayMs, 400 * dayMs))
    books.move(payment, 'captured')
    if (random.chance(0.5)) return
    await this.#ask('verify', verifyPayment, {
      paymentId: reply.body.paymentId,
      ...handedOver(books, payment.id, orderId),
    })
  }

  async #staff(): Promise<void> {
    const { world, random, oracle } = this.#market
    const end = oracle.present(this.#accountId)?.end ?? world.now
    const chance = random.next()
    if (chance < 0.4) {
      const until = new Date(Math.max(end, Math.floor(world.now)) + random.between(hourMs, 40 * dayMs)).toISOString()
      await this.#ask('extend', subscriptions.extendSubscription, { until, reason: 'simulated' })
    } else if (chance < 0.55) {
      const until = new Date(Math.floor(world.now) + random.between(dayMs, 60 * dayMs)).toISOString()
      await this.#ask('give', grantPlan, { priceId: random.pick(priceIds), until, reason: 'simulated' })
    } else await this.#refund()
  }

  async #refund(): Promise<void> {
    const { world, random } = this.#market
    const { payments } = yearRowsIn(world.store.items())
    const own = payments.filter(
      ({ accountId, settled, amountMinor }) => accountId === this.#accountId && settled && amountMinor > 0,
    )
    const payment = own.at(-1)
    if (!payment) return
    const plan = random.pick(payment.subject.kind === 'plan' ? ['now', 'keep', 'period_end'] : ['now', 'keep'])
    const amount = random.chance(0.5) ? {} : { amount: random.between(1, payment.amountMinor) }
    await this.#ask('refund', refundPayment, { reason: 'simulated', plan, ...amount }, { paymentId: payment.id })
  }
}

/** What the provider's library gives to the page. */
function handedOver({ provider }: Books, id: string, orderId: string): Record<string, string> {
  if (provider === 'paystack') return { reference: orderId }
  if (provider === 'stripe') return { sessionId: orderId }
  return { razorpay_order_id: orderId, razorpay_payment_id: id, razorpay_signature: `signed-${orderId}-${id}` }
}
