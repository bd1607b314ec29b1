import { type Item, present, type Table, type Write } from '#table/port'
import { keyIn } from './memoryTable.ts'
import type { YearMutation } from './yearScenario.ts'

/**
 * Known-bad ways to renew: each looks right in a review and in a month in which nothing goes wrong. The simulator must
 * catch every one of them, by the provider's books and by what is shown.
 */
export const yearMutants: Record<string, YearMutation> = {
  'a charge is begun whatever version was seen': {
    table: () => writing((write) => (isSubscription(write) ? loose(write) : write)),
  },
  'the subscription does not name the charge under way': {
    table: () => storing(({ pendingCharge: _forgotten, ...rest }) => rest),
  },
  'a charge is repeated without looking, when its key is forgotten': {
    gateway: (gateway) => ({ ...gateway, findCharge: async () => undefined }),
  },
  'a period is counted from its payment instead of the old end': {
    table: ({ world }) =>
      storing((item) => {
        const seen = world.store.get({ pk: item.pk, sk: item.sk }, { consistent: true })
        const { periodStart: start, periodEnd: end } = item
        const isNext = Number(item.periodIndex) > Number(seen?.periodIndex)
        if (!isNext || typeof start !== 'number' || typeof end !== 'number') return item
        const lateMs = Math.max(0, Math.floor(world.now) - start)
        return { ...item, periodStart: start + lateMs, periodEnd: end + lateMs, anchor: Number(item.anchor) + lateMs }
      }),
  },
  'a cancellation does not reach the charge under way': {
    table: () =>
      storing((item) => {
        const { pendingCharge } = item
        if (typeof pendingCharge !== 'object' || pendingCharge === null || Array.isArray(pendingCharge)) return item
        const { refund: _kept, ...rest } = pendingCharge
        return { ...item, pendingCharge: rest }
      }),
  },
  'a change that waits happens at once': {
    table: () =>
      storing(({ scheduledChange, ...item }) => {
        if (typeof scheduledChange !== 'object' || scheduledChange === null || Array.isArray(scheduledChange))
          return item
        const { at: _asked, ...plan } = scheduledChange
        return { ...item, ...plan }
      }),
  },
  'access ends when a job says so, not at the instant': {
    table: () =>
      writing((write) => {
        if (write.kind !== 'put' || write.item.entity !== 'account') return write
        const { accessEnd: _instant, ...item } = write.item
        return { ...write, item }
      }),
  },
  'a coupon is never used up': {
    table: ({ world }) =>
      storing((item) => {
        const seen = world.store.get({ pk: item.pk, sk: item.sk }, { consistent: true })
        const isOther = item.coupon !== undefined && Object(item.coupon).code !== Object(seen?.coupon).code
        return seen?.coupon === undefined || isOther ? item : { ...item, coupon: seen.coupon }
      }),
  },
  'nobody writes down what an order bills': {
    table: () =>
      writing((write) => {
        if (write.kind !== 'put' || write.item.entity !== 'history') return write
        const { billed: _forgotten, ...item } = write.item
        return { ...write, item }
      }),
  },
  'a method that is to be forgotten stays': {
    table: () =>
      writing((write) => {
        if (write.kind !== 'delete' || !write.key.sk.startsWith('METHOD#')) return write
        return { kind: 'check', key: write.key, when: present }
      }),
  },
}

const isSubscription = (write: Write): boolean => keyIn(write).sk.startsWith('SUB#')

const writing =
  (change: (write: Write) => Write) =>
  (table: Table): Table => ({ ...table, write: (writes) => table.write(writes.map(change)) })

/** Of subscriptions that were bought: given ones renew never. */
const storing = (change: (item: Item) => Item) =>
  writing((write) =>
    write.kind === 'put' && write.item.entity === 'subscription' && write.item.complimentary === false
      ? { ...write, item: change(write.item) }
      : write,
  )

const loose = (write: Write): Write =>
  write.kind === 'check' ? { ...write, when: present } : { ...write, when: 'unconditional' }
