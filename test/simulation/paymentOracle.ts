import { couponCap, packCredits } from './paymentCatalogue.ts'
import { type PaymentRow, paymentIn, type Rows, rowsIn } from './paymentRows.ts'
import { type BookPayment, type BookRefund, type Books, isOutside, refundedMinor } from './providerBooks.ts'
import { type Commit, Violation, type World } from './world.ts'

/** An order may be paid to the last moment; what comes so close to it may be seen on either side. */
const graceMs = 60_000

/**
 * Judges money by the provider's own books and by the rows that were committed. Laws of the moment are checked at each
 * commit, everything else when all is settled.
 */
export class PaymentOracle {
  readonly #books: Books
  readonly #world: World
  /** Payments whose coupon or credit was given back with money that was held, and is somebody else's by now. */
  readonly #givenUp = new Set<string>()

  constructor(world: World, books: Books) {
    this.#books = books
    this.#world = world
    world.watch((commit) => this.#see(commit))
  }

  #see({ changes }: Commit): void {
    for (const { key, before, after } of changes) {
      if (after?.entity === 'payment') this.#seePayment(paymentIn(before), paymentIn(after))
      if (after?.entity === 'invoice' && before)
        require(before.number === undefined, `${key.sk} was ${before.number} and is numbered again`)
      if (after?.entity === 'couponCount')
        require(Number(after.n) <= couponCap && Number(after.n) >= 0, `the coupon is counted ${after.n} times`)
      if (after?.entity === 'accountCredit')
        require(Number(after.balanceMinor) >= 0, `${key.pk} has less than no credit`)
      if (onlyPut.has(String(after?.entity))) require(before === undefined, `${key.sk} was written twice`)
    }
  }

  /** What was bought is granted for money that is there, and for the right amount of it. */
  #seePayment(before: PaymentRow | undefined, after: PaymentRow | undefined): void {
    for (const charge of after?.charges ?? []) {
      const earlier = before?.charges.find(({ providerPaymentId }) => providerPaymentId === charge.providerPaymentId)
      require(earlier?.as === undefined ||
        charge.as === earlier.as, `${charge.providerPaymentId} was ${earlier?.as}, then ${charge.as}`)
      if (!after || charge.as === undefined || earlier?.as !== undefined) continue
      const paid = this.#books.payment(charge.providerPaymentId)
      require(paid.status === 'captured', `${paid.id} was ${charge.as}, and is ${paid.status}`)
      require(matches(paid, after) || charge.as === 'held', `${paid.id} is of another amount, and was ${charge.as}`)
      if (charge.as === 'account_credit' && before?.released && before.charges.some(({ as }) => as === 'held'))
        if (isTaken(after, charge.capture?.amountMinor ?? 0, rowsIn(this.#world.store.items())))
          this.#givenUp.add(after.id)
    }
  }

  /** When all is settled. */
  judge(world: World): void {
    for (const fault of this.#books.faults) throw new Violation(fault)
    const rows = rowsIn(world.store.items())
    for (const payment of rows.payments) {
      const paid = this.#books.payments.filter(
        ({ order, status }) => order.reference === payment.id && status === 'captured',
      )
      judgePaid(payment, paid, rows, this.#givenUp.has(payment.id))
      judgeEffect(payment, rows)
      judgeRefunds(payment, paid, rows)
    }
    judgeNumbers(rows)
    judgeCoupon(rows, world)
    judgeCredit(rows)
    judgeWallets(rows)
  }
}

/** Rows that are evidence: they are never put over what is there. */
const onlyPut = new Set(['entry', 'creditEntry', 'charge', 'historyEntry'])

const matches = (paid: BookPayment, payment: PaymentRow): boolean =>
  paid.amountMinor === payment.amountMinor &&
  paid.currency === payment.currency &&
  paid.order.id === (payment.providerOrderId ?? paid.order.id)

const grantsOf = ({ charges }: PaymentRow): number => charges.filter((charge) => charge.as === 'granted').length
const isFree = ({ amountMinor }: PaymentRow): boolean => amountMinor === 0
const isGranted = (payment: PaymentRow): boolean => grantsOf(payment) === 1 || isFree(payment)

/** Each provider payment has one effect, and the first good one has what was bought. */
function judgePaid(payment: PaymentRow, paid: BookPayment[], rows: Rows, isGivenUp: boolean): void {
  const { id, status, progress, settled, charges, released } = payment
  for (const one of paid) {
    const as = charges.find(({ providerPaymentId }) => providerPaymentId === one.id)?.as
    require(as !== undefined, `${one.id} was captured for ${id} (${status}), and nothing came of it`)
    if (!matches(one, payment)) require(as === 'held', `${one.id} differs from ${id}, and was ${as}`)
    else if (as === 'held') require(one.refunds.some(isOutside), `${one.id} is right for ${id}, and is held`)
  }
  require(grantsOf(payment) <= 1, `${id} was granted ${grantsOf(payment)} times`)
  const good = paid.filter((one) => matches(one, payment) && !one.refunds.some(isOutside))
  const inTime = good.some(({ capturedAt = 0 }) => capturedAt < payment.expiresAt - graceMs)
  if (inTime)
    require(isGranted(payment) || hasOtherPlan(payment, rows) || isGivenUp, `${id} was paid in time, and not granted`)
  if (paid.length === 0 && !isFree(payment)) {
    require(!settled && progress === 'expired', `${id} was never paid, and is ${status}`)
    require(released, `${id} expired, and keeps what it held`)
  }
}

/** What took its price down went to another order: the coupon is at its cap, or the account had less credit than that. */
function isTaken({ accountId, holds }: PaymentRow, creditedMinor: number, { payments, credits }: Rows): boolean {
  if (holds.coupon && payments.filter((one) => one.holds.coupon && !one.released).length >= couponCap) return true
  const own = credits.filter((one) => one.accountId === accountId)
  return (holds.creditMinor ?? 0) > total(own.map(({ balanceMinor }) => balanceMinor)) - creditedMinor
}

/** A second plan is not lawful while the first one lives. */
const hasOtherPlan = ({ id, accountId, subject }: PaymentRow, rows: Rows): boolean =>
  subject.kind === 'plan' &&
  rows.payments.some(
    (other) => other.id !== id && other.accountId === accountId && other.subject.kind === 'plan' && isGranted(other),
  )

function judgeEffect(payment: PaymentRow, rows: Rows): void {
  const { id, subject, charges } = payment
  const expected = isGranted(payment) ? 1 : 0
  const ofThis = (row: { paymentId: string }): boolean => row.paymentId === id
  const count = (what: string, found: number, of: string) => {
    const due = subject.kind === of || of === 'invoice' ? expected : 0
    require(found === due, `${id} (${payment.status}) has ${found} of ${what}, expected ${due}`)
  }
  count('invoice', rows.invoices.filter((row) => ofThis(row) && isFirst(row)).length, 'invoice')
  count('purchase', rows.purchases.filter(ofThis).length, 'item')
  count('subscription', rows.subscriptions.filter(ofThis).length, 'plan')
  const packs = rows.entries.filter(
    ({ reference, type, reason }) => reference === id && type === 'grant' && !reason.includes('refund'),
  )
  count('credits', packs.length, 'credit_pack')
  for (const { amount } of packs)
    require(amount ===
      packCredits * (subject.quantity ?? 1), `${id} bought ${subject.quantity} packs and got ${amount} credits`)
  const kept = charges.filter(({ as }) => as === 'account_credit')
  const paidIn = rows.creditEntries.filter((row) => ofThis(row) && row.cause === 'paid_in')
  require(paidIn.length === kept.length, `${id} was credited ${paidIn.length} times, not ${kept.length}`)
  for (const { capture, providerPaymentId } of kept)
    require(paidIn.some(
      (row) => row.id.endsWith(providerPaymentId) && row.amountMinor === capture?.amountMinor,
    ), `${providerPaymentId} was not credited as it was paid`)
}

const isFirst = ({ kind, refundId }: Rows['invoices'][number]): boolean => kind === 'invoice' && refundId === undefined

/** What the provider gave back is on the payment, each refund has its note, and none is left open. */
function judgeRefunds(payment: PaymentRow, paid: BookPayment[], rows: Rows): void {
  const own = paid.filter(({ currency }) => currency === payment.currency)
  const back = own.reduce((sum, one) => sum + refundedMinor(one), 0)
  require(payment.refundedMinor ===
    back, `${payment.id} says that ${payment.refundedMinor} went back, the provider ${back}`)
  for (const row of rows.refunds.filter(({ paymentId }) => paymentId === payment.id)) {
    const known = paid.flatMap(({ refunds }) => refunds).find((one) => isRefund(one, row))
    require(row.status ===
      (known?.status ?? 'failed'), `the refund ${row.id} is ${row.status}, at the provider ${known?.status}`)
    const granted = payment.charges.some(
      ({ providerPaymentId, as }) => providerPaymentId === row.providerPaymentId && as === 'granted',
    )
    const documents = rows.invoices.filter(({ refundId }) => refundId === row.id)
    const notes = documents.filter(({ kind }) => kind === 'credit_note').length
    const net = 2 * notes - documents.length
    const due = granted && row.status === 'processed' ? 1 : 0
    require(net === due &&
      notes <=
        1, `the refund ${row.id} of ${row.amountMinor} (${row.status}) has ${notes} notes of ${documents.length} documents`)
  }
}

const isRefund = (one: BookRefund, { id, providerRefundId }: Rows['refunds'][number]): boolean =>
  one.reference === id || one.id === providerRefundId

/** 1 … n, each once, in every series. */
function judgeNumbers({ invoices }: Rows): void {
  for (const series of new Set(invoices.map((invoice) => invoice.series))) {
    const numbers = invoices
      .filter((invoice) => invoice.series === series)
      .map(({ id, number }) => {
        require(number !== undefined, `${id} has no number`)
        return Number(number?.slice(series.length + 1))
      })
    const sorted = numbers.sort((a, b) => a - b)
    require(sorted.every((number, at) => number === at + 1), `${series} has the numbers ${sorted.join(', ')}`)
  }
}

function judgeCoupon({ payments }: Rows, world: World): void {
  const held = payments.filter(({ holds, released }) => holds.coupon && !released).length
  const counted = world.store.items().find(({ entity }) => entity === 'couponCount')
  require(Number(counted?.n ?? 0) === held, `the coupon is counted ${counted?.n} times and held ${held} times`)
  require(held <= couponCap, `${held} have a coupon for ${couponCap}`)
}

function judgeCredit({ credits, creditEntries, payments }: Rows): void {
  for (const { pk, accountId, balanceMinor } of credits) {
    const entries = creditEntries.filter((entry) => entry.pk === pk)
    const sum = total(entries.map(({ amountMinor }) => amountMinor))
    // Credits in other currencies share the partition: their sums are told apart by nothing here, so they are added up.
    const all = total(credits.filter((credit) => credit.pk === pk).map((credit) => credit.balanceMinor))
    require(sum === all, `${accountId} has credit of ${balanceMinor}, its entries say ${sum}`)
  }
  for (const { id, holds, released } of payments) {
    const taken = creditEntries.filter(
      ({ paymentId, cause }) => paymentId === id && (cause === 'taken' || cause === 'released'),
    )
    const own = taken.filter((entry) => entry.id.endsWith(id))
    const due = released ? 0 : -(holds.creditMinor ?? 0)
    require(total(own.map(({ amountMinor }) => amountMinor)) ===
      due, `${id} holds credit of ${holds.creditMinor}, and took ${taken.length} times`)
  }
}

function judgeWallets({ wallets, entries }: Rows): void {
  for (const { pk, bal } of wallets) {
    const sum = total(entries.filter((entry) => entry.pk === pk).map(({ amount }) => amount))
    require(bal === sum, `${pk} has ${bal} credits, its ledger says ${sum}`)
  }
}

const total = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0)

function require(holds: boolean, otherwise: string): void {
  if (!holds) throw new Violation(otherwise)
}
