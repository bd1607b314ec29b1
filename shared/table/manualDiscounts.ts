import type { ManualDiscount } from '#domain/discount'
import { readManualDiscount } from './discounts.ts'
import { accountPk, manualDiscountKey, manualDiscountPrefix } from './keys.ts'
import { both, equals, lacks, type Table, type Write } from './port.ts'

/** Newest first, from before the id given; used and expired ones too. */
export async function listManualDiscounts(
  table: Table,
  accountId: string,
  { limit, before }: { limit: number; before?: string },
): Promise<{ discounts: ManualDiscount[]; more: boolean }> {
  const { items, next } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: manualDiscountPrefix },
    descending: true,
    limit,
    ...(before !== undefined && { after: { ...manualDiscountKey(accountId, before) } }),
  })
  return { discounts: items.map(readManualDiscount), more: next !== undefined }
}

/** Consistent: whoever asks is about to take it back. */
export async function findManualDiscount(
  table: Table,
  accountId: string,
  id: string,
): Promise<ManualDiscount | undefined> {
  const item = await table.get(manualDiscountKey(accountId, id), { consistent: true })
  return item && readManualDiscount(item)
}

/** Only while no order has it: one that is taken belongs to that order's price. */
export const deleteManualDiscountWrite = ({ accountId, id, ver }: ManualDiscount): Write => ({
  kind: 'delete',
  key: manualDiscountKey(accountId, id),
  when: both(equals('ver', ver), lacks('paymentId')),
})
