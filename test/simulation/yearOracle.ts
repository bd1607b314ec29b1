import type { Callers } from './caller.ts'
import type { Books } from './providerBooks.ts'
import type { Commit, World } from './world.ts'
import { judgeBooks, require } from './yearBooks.ts'
import { judgeEnd, judgeUse, leadMs } from './yearEnd.ts'
import { Methods } from './yearMethods.ts'
import { Life, priceOf } from './yearModel.ts'
import {
  carriedLines,
  changeLines,
  couponOf,
  isDiscounted,
  judgeLines,
  purchaseLines,
  renewalLines,
} from './yearPrices.ts'
import {
  auditIn,
  paymentIn,
  refundIn,
  subscriptionIn,
  usageIn,
  type YearPayment,
  type YearRows,
  yearRowsIn,
} from './yearRows.ts'
import { isCharging, judgeShown, type Shown } from './yearShown.ts'
import { Usage } from './yearUsage.ts'
import type { Vault } from './yearVault.ts'

const hourMs = 3_600_000
/** Between a decision and its commit lies the way there. */
const skewMs = 20 * 60_000
/** What is over is looked at within these. */
const settleMs = 5 * 24 * hourMs

/** The first, three retries, and as many again where a change or a cancellation sent money back. */
const mostTries = 8

interface Parties {
  world: World
  callers: Callers
  books: Books
  vault: Vault
  zoneOf: (accountId: string) => string
}

/**
 * Follows every subscription by what happens to it (money that was granted, steps that somebody asked for, refunds) and
 * judges what the product shows and what the provider's books say.
 */
export class YearOracle {
  /** By account: its subscriptions, the present one last. */
  readonly lives = new Map<string, Life[]>()
  readonly tally: Record<string, number> = {}
  /** By subscription and period: charges that were begun. */
  readonly #tries = new Map<string, number>()
  /** Payments that nobody asked for. */
  readonly automatic = new Set<string>()
  /** By account and payment: the subscription that it bought. */
  readonly #begunBy = new Map<string, string>()
  readonly #parties: Parties
  readonly #usage: Usage
  readonly #methods = new Methods()

  constructor(parties: Parties) {
    this.#parties = parties
    this.#usage = new Usage(parties.zoneOf)
    parties.world.watch((commit) => this.#see(commit))
    parties.vault.charged = (reference, token) => this.#charged(reference, token)
  }

  present(accountId: string): Life | undefined {
    return this.lives.get(accountId)?.at(-1)
  }

  count(word: string): void {
    this.tally[word] = (this.tally[word] ?? 0) + 1
  }

  #see({ changes, cause, at }: Commit): void {
    const audits = changes.flatMap(({ after }) => auditIn(after) ?? [])
    const asked = audits.filter(({ status }) => status === undefined)
    const begun = changes.some(({ before, after }) => !before && paymentIn(after))
    const subscription = changes.flatMap(({ after }) => subscriptionIn(after) ?? [])
    const seen = changes.flatMap(({ before }) => subscriptionIn(before) ?? [])
    for (const { before, after } of changes) {
      const use = before ? undefined : usageIn(after)
      if (use) this.#usage.count(use.pk.slice('ACCOUNT#'.length), use, at)
      if (!before && after?.entity === 'paymentMethod' && this.#methods.save(after, at))
        this.present(String(after.accountId))?.chosen(String(after.id), at)
      const [was, is] = [paymentIn(before), paymentIn(after)]
      if (is && !was) this.#begun(is, cause, at)
      if (is?.settled?.as === 'granted' && was?.settled?.as !== 'granted')
        this.#granted(is, subscription.find(({ paymentId }) => paymentId === is.id)?.id ?? '', at, seen, cause)
      const [earlier, refund] = [refundIn(before), refundIn(after)]
      if (refund?.effectAt !== undefined && earlier?.effectAt === undefined) this.#refunded(refund, at)
      if (refund?.status === 'failed' && earlier?.effectAt !== undefined && earlier.status !== 'failed')
        this.#moneyBack(refund)
      if (after?.entity === 'accountCredit')
        require(Number(after.balanceMinor) >= 0, `${String(after.pk)} has less than no credit`)
    }
    if (!begun) for (const { action, businessAt } of asked) this.#asked(action, cause, businessAt, subscription[0]?.id)
  }

  /** A charge that nobody asked for is for the next period, at its price, and not before its time. */
  #begun(payment: YearPayment, cause: string, at: number): void {
    const { id, accountId, type, subject } = payment
    this.#priced(payment, cause, at)
    if (type !== 'renewal' || !cause.startsWith('queue')) return
    this.automatic.add(id)
    const period = `${subject.subscriptionId} ${subject.periodIndex}`
    const tries = (this.#tries.get(period) ?? 0) + 1
    this.#tries.set(period, tries)
    require(tries <= mostTries, `${period} was charged ${tries} times`)
    const life = this.present(accountId)
    require(life?.id === subject.subscriptionId, `${id} renews ${subject.subscriptionId}, which is not the present one`)
    if (!life) return
    require(life.renews, `${id} is charged, and ${life.id} renews no more`)
    const earliest = life.end - (this.#parties.vault.isMandate ? leadMs : 0)
    require(at >= earliest, `${id} was begun ${(earliest - at) / hourMs} h too early`)
    require(subject.priceId === (life.scheduled ?? life.priceAt(life.end)), `${id} is for ${subject.priceId}`)
  }

  /**
   * A renewal costs what the rules say on the state that it is begun on: a worker's commit stands on that very state, and
   * what a customer asked for was decided a moment before it.
   */
  #priced(payment: YearPayment, cause: string, at: number): void {
    const { accountId, subject, type, holds } = payment
    const priceId = priceOf(subject.priceId)
    if (subject.kind === 'plan') judgeLines(payment, purchaseLines(priceId, couponOf(holds.coupon?.code)))
    const isAutomatic = cause.startsWith('queue')
    const { payments } = yearRowsIn(this.#parties.world.store.items())
    if (isAutomatic) this.#usage.judge(payment, payments, at)
    else require(payment.lines.every(({ kind }) => kind !== 'overage'), `${payment.id} has overage, and was asked for`)
    if (type === 'overage') judgeLines(payment, carriedLines(this.#lifeOf(payment)))
    const life = this.present(accountId)
    if (!life || type !== 'renewal' || life.id !== subject.subscriptionId) return
    if (isAutomatic || at >= life.movedAt + skewMs) judgeLines(payment, renewalLines(life, priceId))
  }

  #lifeOf({ accountId, subject }: YearPayment): Life | undefined {
    return this.lives.get(accountId)?.find(({ id }) => id === subject.subscriptionId)
  }

  /**
   * One that nobody heard of is asked for again only while it would be begun: not once its subscription is over, was called
   * off, or was given more time. What happened just now may be on its way.
   */
  #charged(reference: string, token: string): void {
    const { world, vault } = this.#parties
    const at = world.now
    const { payments } = yearRowsIn(world.store.items())
    const payment = payments.find(({ id }) => id === reference)
    const life = payment && this.#lifeOf(payment)
    if (payment) this.#chargedWith(payment, token, life)
    if (!life || !this.automatic.has(reference) || at < life.movedAt + skewMs) return
    const earliest = life.end - (vault.isMandate ? leadMs : 0)
    require(life.renews && life.endedAt === undefined, `${reference} was charged, and ${life.id} renews no more`)
    require(at >= earliest, `${reference} was charged ${(earliest - at) / hourMs} h too early`)
    require(life.statusAt(at - skewMs).access ||
      this.#isCharging(life, at), `${reference} was charged for what is over`)
  }

  /** Nothing is charged that was to be forgotten, and by itself only what the subscription renews with. */
  #chargedWith({ id, accountId, type }: YearPayment, token: string, life: Life | undefined): void {
    const { now } = this.#parties.world
    const forgottenAt = this.#methods.forgottenAt(accountId, token) ?? now
    require(now <= forgottenAt + skewMs, `${id} was charged to ${token}, which was forgotten at ${forgottenAt}`)
    if (!this.automatic.has(id) && type !== 'overage') return
    const movedAt = Math.max(this.#methods.movedAt(accountId), life?.movedAt ?? 0)
    const expected = this.#methods.charged(accountId, life?.method)
    require(now < movedAt + skewMs || token === expected, `${id} was charged to ${token}, and not to ${expected}`)
  }

  #granted(
    payment: YearPayment,
    subscriptionId: string,
    now: number,
    seen: YearRows['subscriptions'],
    cause: string,
  ): void {
    const { id, accountId, subject, settled, type, holds } = payment
    const { books, zoneOf } = this.#parties
    const at = settled?.at ?? 0
    require(Math.abs(now - at) <= skewMs, `${id} was granted at ${at}, and written at ${now}`)
    const priceId = priceOf(subject.priceId)
    const code = couponOf(holds.coupon?.code)
    const paidMinor = netOf(payment, priceId)
    const hasCoupon = isDiscounted(payment)
    this.count(subject.change ? subject.change.which : type)
    if (hasCoupon) this.count(`${type} with a coupon`)
    if (subject.carried) this.count('carried')
    const paid = settled?.providerPaymentId
    const method = paid ? this.#methods.idOf(accountId, books.payment(paid).token) : this.#named(cause)
    if (subject.kind === 'plan') {
      const terms = { priceId, renews: method !== undefined, paidMinor, code, method }
      this.#begunBy.set(`${accountId} ${id}`, subscriptionId)
      this.#begin(accountId, new Life(subscriptionId, at, zoneOf(accountId), terms), at)
      return
    }
    if (type === 'overage') {
      carryOn(this.#lifeOf(payment), payment)
      return
    }
    const life = this.present(accountId)
    require(life !== undefined && life.id === subject.subscriptionId, `${id} was granted to what is over`)
    if (!life) return
    life.movedAt = at
    const hasFailed = seen.some((row) => row.id === life.id && row.retry !== undefined)
    if (!this.automatic.has(id)) life.boughtWith(method, { at, hasFailed })
    if (subject.change) {
      judgeLines(payment, changeLines(life, priceId, subject.change, code))
      life.changed(priceId, at, { paidMinor, pricedAt: subject.change.pricedAt })
      life.take(code)
    } else {
      require(life.renews || !this.automatic.has(id), `${id} was granted, and ${life.id} renews no more`)
      require(priceId === (life.scheduled ?? life.priceAt(life.end)), `${id} renewed as ${priceId}`)
      require(life.endedAt === undefined &&
        (life.statusAt(at).access || seen.some((row) => isCharging(row, life, at))), `${id} renewed what was over`)
      const isNew = life.renewed(priceId, subject.periodIndex ?? 0, { paidMinor, hasCoupon })
      require(isNew, `${id} pays period ${subject.periodIndex} again`)
    }
    carryOn(life, payment)
  }

  /** Where nothing is to be paid, the method that was named stands for what would have paid. */
  #named(cause: string): string | undefined {
    const { paymentMethodId } = Object(this.#parties.callers.dialogues.get(cause)?.intent.call.body)
    return typeof paymentMethodId === 'string' ? paymentMethodId : undefined
  }

  #begin(accountId: string, life: Life, at: number): void {
    const before = this.present(accountId)
    if (before?.statusAt(at).access) {
      require(life.isGift || before.isGift, `${accountId} has two live subscriptions`)
      before.endedAt = at
      before.movedAt = at
    }
    this.lives.set(accountId, [...(this.lives.get(accountId) ?? []), life])
  }

  /** A refund that had its effect has failed: its money is the ground of a credit again. */
  #moneyBack({ accountId }: YearRows['refunds'][number]): void {
    const life = this.present(accountId)
    const rows = yearRowsIn(this.#parties.world.store.items())
    const own = rows.subscriptions.find(({ id }) => id === life?.id)
    this.count('refund failed')
    if (life && own) paidNow(life, own)
  }

  #refunded({ accountId, paymentId, plan }: YearRows['refunds'][number], at: number): void {
    const { world } = this.#parties
    const payment = yearRowsIn(world.store.items()).payments.find(({ id }) => id === paymentId)
    this.count('refund')
    if (payment?.settled?.as !== 'granted') return
    const life = this.present(accountId)
    const own = yearRowsIn(world.store.items()).subscriptions.find(({ id }) => id === life?.id)
    if (life && own) paidNow(life, own)
    if (!life || !own || plan === 'keep' || life.isGift) return
    if (payment.subject.kind === 'subscription' && payment.subject.subscriptionId !== life.id) return
    if (payment.subject.kind === 'plan' && this.#begunBy.get(`${accountId} ${paymentId}`) !== life.id) return
    // What is over by itself stays as it ended.
    if (!life.statusAt(at).access && !isCharging(own, life, at)) return
    life.movedAt = at
    // At the end of its period means without grace: past that it is now.
    life.canceled(at < life.end ? plan : 'now', at)
  }

  #asked(action: string, cause: string, at: number, written: string | undefined): void {
    const { callers, world } = this.#parties
    const intent = callers.dialogues.get(cause)?.intent
    if (!intent) return
    const { accountId, body, params } = intent.call
    const method = params?.paymentMethodId
    if (method !== undefined) this.#methodAsked(action, accountId, method, at)
    const said: Record<string, unknown> = Object(body)
    const life = this.present(accountId)
    this.count(action)
    if (action === 'startTrial') {
      const method = this.#named(cause) ?? this.#methods.heir(accountId)
      const terms = { priceId: priceOf(said.priceId), renews: method !== undefined, method }
      const start = Number(world.store.items().find((item) => item.id === written)?.periodStart)
      this.#begin(accountId, Life.trial(written ?? '', start, this.#parties.zoneOf(accountId), terms), at)
      return
    }
    if (action === 'grantPlan') {
      const until = Date.parse(String(said.until))
      this.#begin(accountId, Life.gift('', Math.floor(at), until, priceOf(said.priceId)), at)
      return
    }
    if (!life) return
    life.movedAt = at
    switch (action) {
      case 'cancelSubscription':
        life.canceled(String(said.when), at)
        break
      case 'reactivateSubscription':
        life.reactivated(this.#renewsWith(accountId, life))
        break
      case 'updateSubscription':
        if (said.autoRenew === false) life.canceled('period_end', at)
        else if (!life.renews)
          Object.assign(life, { renews: true, isAsked: false, method: this.#renewsWith(accountId, life) })
        break
      case 'changeSubscription':
        life.scheduled = priceOf(said.priceId)
        break
      case 'deleteScheduledChange':
        life.scheduled = undefined
        break
      case 'extendSubscription':
        life.extended(Date.parse(String(said.until)), at)
        break
    }
  }

  #methodAsked(action: string, accountId: string, id: string, at: number): void {
    const { vault } = this.#parties
    const life = this.present(accountId)
    if (action === 'deletePaymentMethod') {
      const token = this.#methods.charged(accountId, id)
      if (token !== undefined && this.#methods.idOf(accountId, token) === id) vault.forget(token)
      this.#methods.forget(accountId, id, at)
      life?.withoutMethod(id, this.#methods.heir(accountId), at)
    } else {
      this.#methods.choose(accountId, id, at)
      life?.chosen(id, at)
    }
  }

  #renewsWith(accountId: string, life: Life): string | undefined {
    return this.#methods.idOf(accountId, this.#methods.charged(accountId, life.method))
  }

  #isCharging(life: Life, now: number): boolean {
    return yearRowsIn(this.#parties.world.store.items()).subscriptions.some((row) => isCharging(row, life, now))
  }

  /** What is shown at this instant is what the rules say. */
  judgeShown(accountId: string, shown: Shown): void {
    const { world } = this.#parties
    this.count(`seen ${String(shown.status)}`)
    judgeShown(this.present(accountId), yearRowsIn(world.store.items()).subscriptions, shown, {
      accountId,
      now: Math.floor(world.now),
    })
  }

  /** When all is settled. */
  judge(): void {
    const { books, world, vault } = this.#parties
    const rows = yearRowsIn(world.store.items())
    judgeBooks(rows, books, this.automatic)
    for (const { id, pendingCharge } of rows.subscriptions)
      require(pendingCharge === undefined, `${id} waits for ${pendingCharge?.paymentId} for ever`)
    for (const { id, status, settled, progress } of rows.payments)
      require(settled !== undefined || progress === 'failed' || progress === 'expired', `${id} is ${status} for ever`)
    for (const [accountId, lives] of this.lives) {
      for (const life of lives) if (judgeEnd(life, rows, { accountId, vault, now: world.now })) this.count('expired')
      const left = this.#usage.unbilled(accountId, rows.payments, world.now - settleMs)
      judgeUse(lives.at(-1), left, { accountId, vault, now: world.now })
    }
  }
}

/** What went back is no ground of a credit while it is gone: how much of it that is, the row says; never more than was paid. */
function paidNow(
  { id, spans }: Life,
  { periodEnd, paidMinor = 0, ahead = [] }: YearRows['subscriptions'][number],
): void {
  const at = spans.findIndex(({ end }) => end === periodEnd)
  for (const [index, paid] of [paidMinor, ...ahead.map((one) => one.paidMinor)].entries()) {
    const span = spans[at + index]
    if (at < 0 || !span) continue
    require(paid <= span.wholeMinor, `${id} counts ${paid} as paid, of ${span.wholeMinor}`)
    span.paidMinor = paid
  }
}

/** What was paid for the plan itself, after its discounts. */
const netOf = ({ lines }: YearPayment, priceId: string): number => lines.find(({ id }) => id === priceId)?.net ?? 0

/** What was carried is on this order; what it was too small for is on the next one. */
function carryOn(life: Life | undefined, { lines, subject }: YearPayment): void {
  for (const { id } of lines) life?.carried.delete(id)
  if (subject.carried) life?.carried.set(subject.carried.id, subject.carried.amountMinor)
}
