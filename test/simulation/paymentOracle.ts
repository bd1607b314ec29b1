import { couponCap, packCredits } from './paymentCatalogue.ts'
import { goneIn, judgeLoss, lostAt, lostIn, seeLoss } from './paymentLoss.ts'
import { creditEntryIn, type PaymentRow, paymentIn, type Rows, rowsIn } from './paymentRows.ts'
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

  #see({ changes, cause }: Commit): void {
    const entries = changes.flatMap(({ after }) => creditEntryIn(after) ?? [])
    for (const { key, before, after } of changes) {
      if (after?.entity === 'payment') {
        const [earlier, later] = [paymentIn(before), paymentIn(after)]
        this.#seePayment(earlier, later, cause.startsWith('review.'), entries)
        if (earlier && later) seeLoss(earlier, later, entries, (currency) => this.#creditOf(later.accountId, currency))
        if (earlier && later) seeRefunds(earlier, later)
      }
      if (after?.entity === 'invoice' && before)
        require(before.number === undefined, `${key.sk} was ${before.number} and is numbered again`)
      if (after?.entity === 'couponCount')
        require(Number(after.n) <= couponCap && Number(after.n) >= 0, `the coupon is counted ${after.n} times`)
      if (after?.entity === 'accountCredit')
        require(Number(after.balanceMinor) >= 0, `${key.pk} has less than no credit`)
      if (onlyPut.has(String(after?.entity))) require(before === undefined, `${key.sk} was written twice`)
    }
  }

  #creditOf(accountId: string, currency: string): number {
    const { credits } = rowsIn(this.#world.store.items())
    const own = credits.find((one) => one.accountId === accountId && one.sk === `MONEY#${currency}`)
    return own?.balanceMinor ?? 0
  }

  /** What was bought is granted for money that is there, and for the right amount of it. */
  #seePayment(
    before: PaymentRow | undefined,
    after: PaymentRow | undefined,
    isReviewed: boolean,
    entries: Rows['creditEntries'],
  ): void {
    for (const charge of after?.charges ?? []) {
      const { providerPaymentId: id, as, creditShortMinor: short = 0 } = charge
      const known = before?.charges.find(({ providerPaymentId }) => providerPaymentId === id)
      if (after && short > (known?.creditShortMinor ?? 0))
        require(isSpent(
          after,
          charge,
          rowsIn(this.#world.store.items()),
        ), `credit of ${after.id} is there, and was not taken`)
      const earlier = known?.as
      if (!after || as === earlier) continue
      const mayChange = isReviewed && decisions[earlier ?? '']?.includes(as ?? '')
      require(earlier === undefined || mayChange === true, `${id} was ${earlier}, then ${as}`)
      const paid = this.#books.payment(id)
      require(paid.status === 'captured', `${paid.id} was ${as}, and is ${paid.status}`)
      const isHeld = as === 'held' || (isReviewed && as === 'account_credit')
      require(matches(paid, after) || isHeld, `${paid.id} is of another amount, and was ${as}`)
      if (as === 'account_credit') require(isCredited(after, charge, entries), `${id} was not credited as it was paid`)
      if (as === 'account_credit' && before?.released && before.charges.some((one) => one.as === 'held'))
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
      judgeEffect(payment, paid, rows)
      judgeRefunds(payment, paid, rows)
      judgeDisputes(payment, paid, rows)
      judgeLoss(payment, paid, rows)
    }
    judgeNumbers(rows)
    judgeCoupon(rows, world)
    judgeCredit(rows)
    judgeWallets(rows)
  }
}

/** What staff may make of money by a decision about it. */
const decisions: Record<string, string[]> = { held: ['granted', 'account_credit'], account_credit: ['granted'] }

/** All of it that has neither gone back, nor is on its way, nor lost. */
function isCredited(payment: PaymentRow, charge: Charge, entries: Rows['creditEntries']): boolean {
  const { providerPaymentId, capture } = charge
  const due = (capture?.amountMinor ?? 0) - goneIn(charge) - lostIn(payment, charge)
  return entries.some(({ id, cause, amountMinor }) => id === `${cause}:${providerPaymentId}` && amountMinor === due)
}

/** What staff ask for goes back of what is left: neither of what went before, nor of what a bank took. */
function seeRefunds(before: PaymentRow, after: PaymentRow): void {
  for (const charge of after.charges) {
    const earlier = before.charges.find(({ providerPaymentId }) => providerPaymentId === charge.providerPaymentId)
    const known = earlier?.refunds ?? []
    const asked = (charge.refunds ?? []).filter(
      ({ refundId }) => refundId !== undefined && !known.some((one) => one.refundId === refundId),
    )
    if (!earlier || asked.length === 0) continue
    const left = (charge.capture?.amountMinor ?? 0) - goneIn(earlier) - lostIn(before, earlier)
    const sum = total(asked.map(({ amountMinor }) => amountMinor))
    require(sum <= left, `${sum} of ${charge.providerPaymentId} is to be refunded, ${left} is left`)
  }
}

/** Rows that are evidence: they are never put over what is there. */
const onlyPut = new Set(['entry', 'creditEntry', 'charge', 'historyEntry'])

type Charge = PaymentRow['charges'][number]

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
    const isKept = charges.some((charge) => charge.providerPaymentId === one.id && charge.resolved?.as === 'kept')
    if (!matches(one, payment))
      require(as === 'held' || (isKept && as === 'account_credit'), `${one.id} differs from ${id}, and was ${as}`)
    else if (as === 'held')
      require(one.refunds.some(isOutside) || wasLost(one), `${one.id} is right for ${id}, and is held`)
  }
  require(grantsOf(payment) <= 1, `${id} was granted ${grantsOf(payment)} times`)
  const isHeld = (one: BookPayment) =>
    charges.some(({ providerPaymentId, as }) => providerPaymentId === one.id && as === 'held')
  const good = paid.filter(
    (one) => matches(one, payment) && !one.refunds.some(isOutside) && !(wasLost(one) && isHeld(one)),
  )
  const inTime = good.some(({ capturedAt = 0 }) => capturedAt < payment.expiresAt - graceMs)
  if (inTime)
    require(isGranted(payment) || hasOtherPlan(payment, rows) || isGivenUp, `${id} was paid in time, and not granted`)
  if (paid.length === 0 && !isFree(payment)) {
    require(!settled && progress === 'expired', `${id} was never paid, and is ${status}`)
    require(released, `${id} expired, and keeps what it held`)
  }
}

/** For a time at least: a dispute may be heard of before the money is. */
const wasLost = ({ disputes }: BookPayment): boolean => disputes.some(({ wasLost: was }) => was)
/** Credit that is not taken for money that went back is not there. */
const isSpent = ({ accountId }: PaymentRow, { capture }: Charge, { credits }: Rows): boolean =>
  credits.every((one) => one.accountId !== accountId || one.currency !== capture?.currency || one.balanceMinor === 0)

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

function judgeEffect(payment: PaymentRow, paid: BookPayment[], rows: Rows): void {
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
  const own = rows.creditEntries.filter(ofThis)
  const paidIn = own.filter(({ cause }) => cause === 'paid_in').length
  const withdrawn = charges.filter((charge) => own.some((row) => row.id === `withdrawn:${charge.providerPaymentId}`))
  require(paidIn - withdrawn.length === kept.length, `${id} was credited ${paidIn} times, not ${kept.length}`)
  for (const charge of kept) {
    const one = paid.find(({ id: at }) => at === charge.providerPaymentId)
    judgeKept(payment, charge, one ? lostAt(one) : 0, rows)
  }
}

/**
 * Money that is credit is there less what went back of it, whoever gave it back, but for what had been spent by then, and
 * less what was lost, as far as that was there to be taken (`seeLoss`): of that never more.
 */
function judgeKept(
  payment: PaymentRow,
  { providerPaymentId: id, capture, creditShortMinor = 0 }: Charge,
  lost: number,
  { creditEntries, refunds: all }: Rows,
): void {
  const entries = creditEntries.filter(({ paymentId }) => paymentId === payment.id)
  const refunds = all.filter((refund) => refund.paymentId === payment.id && refund.providerPaymentId === id)
  const back = total(refunds.filter(({ status }) => status !== 'failed').map(({ amountMinor }) => amountMinor))
  const due = Math.max(0, (capture?.amountMinor ?? 0) - back) + creditShortMinor
  const about = [id, ...refunds.map((refund) => refund.id)]
  const disputes = payment.disputes.filter(({ providerPaymentId }) => providerPaymentId === id)
  const isOwn = (entry: string): boolean =>
    about.some((one) => entry.endsWith(`:${one}`)) || disputes.some(({ disputeId }) => entry.includes(`:${disputeId}:`))
  const net = total(entries.filter((entry) => isOwn(entry.id)).map((entry) => entry.amountMinor))
  require(net <= due && net >= due - lost, `${id} is credit of ${net}, expected ${due} less up to ${lost} that is lost`)
}

/** What a bank asked for is on the payment with its last outcome, shows, and was told of once. It moves nothing by itself. */
function judgeDisputes({ id, status, disputes }: PaymentRow, paid: BookPayment[], { notices }: Rows): void {
  const known = paid.flatMap((one) => one.disputes)
  for (const dispute of known) {
    const row = disputes.find(({ disputeId }) => disputeId === dispute.id)
    const state = row?.outcome ? (row.outcome.won ? 'won' : 'lost') : row && 'open'
    require(state === dispute.state, `${dispute.id} of ${id} is ${state}, at the provider ${dispute.state}`)
    require(row?.amountMinor === dispute.amountMinor, `${dispute.id} is of ${row?.amountMinor}`)
    const told = notices.filter(({ kind, data }) => kind === 'payment.disputed' && data?.disputeId === dispute.id)
    require(told.length === 1, `${dispute.id} was told of ${told.length} times`)
  }
  const isDisputed = known.some(({ state }) => state !== 'won')
  require(disputes.length === known.length && (status === 'disputed') === isDisputed, `${id} is ${status}`)
}

const isFirst = ({ kind, refundId, disputeId }: Rows['invoices'][number]): boolean =>
  kind === 'invoice' && refundId === undefined && disputeId === undefined

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
  for (const { id, holds, released, charges } of payments) {
    const taken = creditEntries.filter(
      ({ paymentId, cause }) => paymentId === id && (cause === 'taken' || cause === 'released'),
    )
    // By the order itself, and again for money that had its effect after all.
    const about = [id, ...charges.map(({ providerPaymentId }) => providerPaymentId)]
    const own = taken.filter((entry) => about.some((one) => entry.id.endsWith(`:${one}`)))
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
