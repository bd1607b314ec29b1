import { run as createRun } from '#functions/payments/createDiscount'
import { run as deleteRun } from '#functions/payments/deleteDiscount'
import { run as listRun } from '#functions/payments/listDiscounts'
import { createDiscount, deleteDiscount, listDiscounts } from '#operations/adminPayments'
import { commit } from '#table/commit'
import { manualDiscountWrite } from '#table/discounts'
import { type Invocation, invoke, type TestDeps } from '#test/support/deps'

/** Staff's calls about discounts; default: 10 % off anything for account `acc` until the year's end. */
export const discountCalls = (deps: TestDeps) => ({
  create: (body: object = {}, rest: Invocation = {}) =>
    invoke(createDiscount, createRun, deps, {
      ...rest,
      body: {
        reason: 'Sorry for the trouble',
        expiresAt: '2026-12-31T00:00:00Z',
        ...('amountOff' in body || 'currency' in body ? {} : { percentOff: 10 }),
        ...body,
      },
    }),
  list: (rest: Invocation = {}) => invoke(listDiscounts, listRun, deps, rest),
  remove: (discountId: string, rest: Invocation = {}) =>
    invoke(deleteDiscount, deleteRun, deps, { ...rest, params: { discountId } }),
  /** As a checkout does, in its own transaction; false when it came too late. */
  take: async (id: string, paymentId: string, accountId = 'acc') =>
    (await commit(deps.table, [manualDiscountWrite({ accountId, id, paymentId, take: true }, deps.clock.now())]))
      .committed,
})
