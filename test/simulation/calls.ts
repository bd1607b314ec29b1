import { putAccount } from '#operations/accounts'
import { grantPlan } from '#operations/admin'
import {
  commitReservation,
  deductCredits,
  grantCredits,
  refundCredits,
  releaseReservation,
  reserveCredits,
} from '#operations/credits'
import { check } from '#operations/entitlements'
import { recordUsage } from '#operations/usage'
import type { Call, Intent } from './caller.ts'

/** The account that everybody in a run fights over. */
export const accountId = 'acme'

/** An intent by its name, unique in the run; with a `group` when it shares its effect with others. */
export const intent = (
  id: string,
  call: Omit<Call, 'accountId'>,
  more: Partial<Pick<Intent, 'group' | 'open' | 'passing' | 'standing'>> = {},
): Intent => ({ id, group: id, call: { accountId, ...call }, ...more })

export const makeAccount = () => ({ operation: putAccount, body: { email: 'owner@example.com' } })
export const grant = (amount: number, more: { expiresAt?: string; priority?: number } = {}) => ({
  operation: grantCredits,
  body: { amount, reason: 'simulated', ...more },
})
export const deduct = (amount: number) => ({ operation: deductCredits, body: { amount, reason: 'simulated' } })
export const refund = (deductionId: string, amount?: number) => ({
  operation: refundCredits,
  body: { deductionId, amount },
})
export const reserve = (amount: number, expiresInSeconds: number) => ({
  operation: reserveCredits,
  body: { amount, expiresInSeconds, reason: 'simulated' },
})
export const commit = (reservationId: string, body: { amount?: number; allowAboveHold?: boolean }) => ({
  operation: commitReservation,
  params: { reservationId },
  body,
})
export const release = (reservationId: string) => ({ operation: releaseReservation, params: { reservationId } })
export const consume = (feature: string, quantity: number) => ({
  operation: check,
  body: { feature, quantity, consume: true },
})
export const use = (feature: string, quantity: number, more: { reference?: string; at?: string } = {}) => ({
  operation: recordUsage,
  body: { feature, quantity, ...more },
})
export const grantPrice = (priceId: string) => ({ operation: grantPlan, body: { priceId, reason: 'simulated' } })
/** A batch of CloudEvents; `ids` are their own keys. */
export const useBatch = (feature: string, ids: string[], quantity: number) => ({
  operation: recordUsage,
  contentType: 'application/cloudevents-batch+json',
  body: ids.map((id) => ({ specversion: '1.0', id, source: 'simulation', type: 'used', data: { feature, quantity } })),
})
