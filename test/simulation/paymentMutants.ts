import type { Gateway, ProviderDispute, ProviderPayment } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { type Item, type Key, present, type Refusal, type Table, type Write, type WriteOutcome } from '#table/port'
import { keyIn } from './memoryTable.ts'
import type { PaymentMutation, PaymentPlay } from './paymentScenario.ts'
import type { Books } from './providerBooks.ts'
import type { Mutation } from './world.ts'

/**
 * Known-bad ways to take money: each is a mistake that looks right in a review and in a quiet test. The simulator must
 * catch every one of them, by the provider's books and the committed rows.
 */
export const paymentMutants: Record<string, PaymentMutation> = {
  'the settlement is guarded by the event instead of the payment': { table: eventKeyed },
  'guard and effect are two transactions': {
    table: () => (table) => ({
      ...table,
      write: (writes) => {
        const guards = writes.filter((write) => isCharge(write) || isPayment(write))
        const effects = writes.filter((write) => !guards.includes(write))
        if (!writes.some(isCharge) || effects.length === 0) return table.write(writes)
        return inTurn(table, guards, effects)
      },
    }),
  },
  'the amount is not compared': {
    gateway: (gateway, { books }) => seenAs(gateway, (seen) => ({ ...seen, ...orderedBy(books, seen) })),
  },
  'an event’s own state is written, whatever is known': { gateway: believed, table: steppedBack },
  'a refund whose answer was lost is sent again without looking': {
    gateway: (gateway) => ({
      ...gateway,
      refund: (request) =>
        gateway.refund(request).catch((error: unknown) => {
          if (error instanceof GatewayError && error.kind === 'unknown_outcome') return gateway.refund(request)
          throw error
        }),
      findRefund: async () => undefined,
    }),
  },
  'a refund is told by its amount alone': {
    gateway: ({ refundLists: _lists, ...gateway }) => gateway,
  },
  'numbers come from a counter that is read and written back': {
    table: () => (table) => ({
      ...table,
      write: (writes) => table.write(writes.some((write) => keyIn(write).sk === 'SERIES') ? writes.map(loose) : writes),
    }),
  },
  'the coupon is counted beside the transaction': {
    table: () => (table) => ({
      ...table,
      write: async (writes) => {
        const coupons = writes.filter(isCoupon)
        const others = writes.filter((write) => !isCoupon(write))
        if (coupons.length === 0 || others.length === 0) return table.write(writes)
        const outcome = await table.write(others)
        if (outcome.committed) await table.write(coupons.map(loose))
        return outcome.committed ? outcome : { committed: false, refusals: spread(writes, others, outcome.refusals) }
      },
    }),
  },
  'an opening of a dispute that comes late takes its outcome back': {
    gateway: (gateway, play) => ({
      ...gateway,
      parseWebhook: (bytes, headers) => {
        const event = gateway.parseWebhook(bytes, headers)
        if (event.about.type === 'dispute') openings.set(play, event.about.dispute)
        return event
      },
    }),
    table: (play) => rewriting((write) => reopened(write, openings.get(play))),
  },
  'what a dispute took stays account credit': {
    table: () => without((write) => Object.values(keyIn(write)).some((part) => part.startsWith('MONEY#')), isLoss),
  },
  'the books hear nothing of what a dispute took': {
    table: () =>
      without(
        ({ item }) => item.entity === 'invoice' && item.disputeId !== undefined,
        () => true,
      ),
  },
  'staff decide on a payment whatever version was seen': {
    table: () => (table) => ({
      ...table,
      write: (writes) =>
        table.write(writes.some(isReview) ? writes.map((write) => (isPayment(write) ? loose(write) : write)) : writes),
    }),
  },
  'an order expires without the provider being asked': {
    gateway: (gateway, { world }) => ({
      ...gateway,
      fetchOrder: async (id) => {
        const order = await gateway.fetchOrder(id)
        const isOver = world.now >= expiryOf(world.store.items(), id)
        return isOver ? { ...order, payments: [] } : order
      },
    }),
  },
}

/** The last word on any dispute that a play has heard. */
const openings = new WeakMap<PaymentPlay, ProviderDispute>()

function reopened(write: Write, dispute: ProviderDispute | undefined): Write {
  if (write.kind !== 'put' || !isPayment(write) || dispute?.status !== 'open') return write
  const { disputes } = write.item
  if (!Array.isArray(disputes)) return write
  const told = disputes.map((one) => {
    const { outcome: _taken, ...rest } = Object(one)
    return rest.disputeId === dispute.providerDisputeId ? rest : one
  })
  return { ...write, item: { ...write.item, disputes: told } }
}

type Put = Extract<Write, { kind: 'put' }>

/** A product that forgets such rows, in the transactions that it is about. */
const without =
  (isForgotten: (write: Put) => boolean, isAbout: (write: Write) => boolean) =>
  (table: Table): Table => ({
    ...table,
    write: async (writes) => {
      const kept = writes.some(isAbout) ? writes.filter((write) => write.kind !== 'put' || !isForgotten(write)) : writes
      const outcome = await table.write(kept)
      return outcome.committed ? outcome : { committed: false, refusals: spread(writes, kept, outcome.refusals) }
    },
  })

/** The entry of credit that left with what a dispute took. */
const isLoss = (write: Write): boolean =>
  write.kind === 'put' && write.item.entity === 'creditEntry' && String(write.item.id).startsWith('withdrawn:dp_')

const isReview = (write: Write): boolean => write.kind === 'put' && write.item.action === 'reviewPayment'
const isCharge = (write: Write): boolean => keyIn(write).sk === 'CHARGE'
const isCoupon = (write: Write): boolean => keyIn(write).pk.startsWith('COUPON#')
const isPayment = (write: Write): boolean => write.kind === 'put' && write.item.entity === 'payment'

const loose = (write: Write): Write =>
  write.kind === 'check' ? { ...write, when: present } : { ...write, when: 'unconditional' }

const rewriting =
  (change: (write: Write) => Write) =>
  (table: Table): Table => ({ ...table, write: (writes) => table.write(writes.map(change)) })

/** Refusals of some of the writes, in the order of all of them. */
const spread = (all: Write[], some: Write[], refusals: (Refusal | undefined)[]): (Refusal | undefined)[] =>
  all.map((write) => refusals[some.indexOf(write)])

async function inTurn(table: Table, first: Write[], then: Write[]): Promise<WriteOutcome> {
  const outcome = await table.write(first)
  return outcome.committed
    ? table.write(then)
    : { committed: false, refusals: spread([...first, ...then], first, outcome.refusals) }
}

/** Whoever works on an event finds the money unsettled, unless this very event settled it. */
function eventKeyed({ world }: PaymentPlay): Mutation {
  return (table) => {
    let event: string | undefined
    const guardOf = (name: string): Key => ({ pk: `CHARGE#event#${name}`, sk: 'CHARGE' })
    const isNew = () => event !== undefined && world.store.get(guardOf(event), { consistent: true }) === undefined
    return {
      ...table,
      get: async (key, options) => {
        if (key.sk === 'EVENT') event = key.pk
        const item = await table.get(key.sk === 'CHARGE' && event !== undefined ? guardOf(event) : key, options)
        return item?.entity === 'payment' && isNew() ? unsettled(item) : item
      },
      write: (writes) => {
        const [name] = [event]
        if (name === undefined || !writes.some(isCharge)) return table.write(writes)
        return table.write(
          writes.map((write) => {
            if (isPayment(write)) return write
            return isCharge(write) && write.kind === 'put'
              ? { ...write, item: { ...write.item, ...guardOf(name) } }
              : loose(write)
          }),
        )
      },
    }
  }
}

function unsettled({ settled: _settled, ...item }: Item): Item {
  return { ...item, charges: [] }
}

/** What the last event that came said of a payment. */
const told = new WeakMap<PaymentPlay, Map<string, ProviderPayment>>()

function believed(gateway: Gateway, play: PaymentPlay): Gateway {
  const last = told.get(play) ?? new Map<string, ProviderPayment>()
  told.set(play, last)
  return {
    ...gateway,
    parseWebhook: (bytes, headers) => {
      const event = gateway.parseWebhook(bytes, headers)
      if (event.about.type === 'payment') last.set(event.about.payment.providerPaymentId, event.about.payment)
      return event
    },
    fetchPayment: async (id) => last.get(id) ?? gateway.fetchPayment(id),
  }
}

/** A failure that is told late takes back what came before it. */
function steppedBack(play: PaymentPlay): Mutation {
  return rewriting((write) => {
    if (write.kind !== 'put' || !isPayment(write)) return write
    const { attempt } = write.item
    const id = Object(attempt).providerPaymentId
    const isBack = Object(attempt).state === 'failed' && told.get(play)?.get(String(id))?.status === 'failed'
    return isBack ? { ...write, item: { ...unsettled(write.item), status: 'failed', capturedMinor: 0 } } : write
  })
}

/** Whatever was paid is taken for what was asked. */
function seenAs(gateway: Gateway, change: (seen: ProviderPayment) => ProviderPayment): Gateway {
  return {
    ...gateway,
    fetchPayment: async (id) => change(await gateway.fetchPayment(id)),
    fetchOrder: async (id) => {
      const order = await gateway.fetchOrder(id)
      return { ...order, payments: order.payments.map(change) }
    },
    capture: async (request) => change(await gateway.capture(request)),
  }
}

function orderedBy(books: Books, { providerOrderId }: ProviderPayment): { amountMinor: number; currency: string } {
  const { amountMinor, currency } = books.order(providerOrderId ?? '')
  return { amountMinor, currency }
}

/** Of the payment with this order; never when there is none. */
const expiryOf = (items: Item[], orderId: string): number =>
  Number(items.find((item) => item.entity === 'payment' && item.providerOrderId === orderId)?.expiresAt ?? Infinity)
