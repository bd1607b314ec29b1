import { defaultPaymentSettings, type PaymentSettings, paymentSettingsSchema } from '#domain/paymentSettings'
import { parseOwn } from '#errors/parse'
import { notFound } from '#errors/problem'
import { paymentSettingsName, type StoredSetting } from '#table/settings'

/** @throws Problem `not_found` for a key that no setting has. */
export function assertSetting(key: string): void {
  if (key !== paymentSettingsName) throw notFound('setting')
}

/** A setting as staff see it; what was never set shows the value that holds without it, as version 0. */
export const settingView = (key: string, found: StoredSetting | undefined) => ({
  key,
  version: found?.version ?? 0,
  value: valueOf(found),
  updatedAt: found ? new Date(found.updatedAt).toISOString() : null,
  updatedBy: found?.actor ?? null,
})

export const valueOf = (found: StoredSetting | undefined): PaymentSettings =>
  found ? parseOwn(paymentSettingsSchema, found.value, 'the setting "payments"') : defaultPaymentSettings

/** The members that differ: names alone, because a seller's values may be personal. */
export const changedMembers = (before: PaymentSettings, after: PaymentSettings): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(Reflect.get(before, name)) !== JSON.stringify(Reflect.get(after, name)))
    .toSorted()
