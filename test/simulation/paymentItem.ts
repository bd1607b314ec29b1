import type { Item } from '#table/port'

type Members = { [name: string]: unknown }

/**
 * A stored payment with what its row leaves out (`docs/adr/0015-rows-leave-out-what-follows.md`), as the oracles read it: ids from the keys, what is
 * nothing as nothing, and the full names.
 */
export const paymentMembers = (item: Item): Members => ({
  released: false,
  holds: {},
  refundedMinor: 0,
  disputes: [],
  ...item,
  id: item.sk.slice('PAY#'.length),
  accountId: item.pk.slice('ACCOUNT#'.length),
  charges: listOf(item.charges).map(({ id, ...charge }) => ({ ...charge, providerPaymentId: id })),
  ...(item.settled !== undefined && { settled: settledOf(item.settled) }),
})

const listOf = (value: unknown): Members[] => (Array.isArray(value) ? value.map((one) => ({ ...Object(one) })) : [])

function settledOf(value: unknown): Members {
  const { by, ...settled } = Object(value)
  return { ...settled, providerPaymentId: by }
}
