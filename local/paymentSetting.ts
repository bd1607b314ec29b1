import type { Catalogue } from '#domain/catalogue'
import { type PaymentSettings, paymentSettingsSchema } from '#domain/paymentSettings'
import type { Table } from '#table/port'
import { findSetting, paymentSettingsName, putSettingWrites } from '#table/settings'
import type { ProviderName } from './providers/fake.ts'

/** Who wrote the setting: what staff have written since stays. */
const actor = 'local-stack'

/** Reference products that leave open in their catalogue who charges them, and who then does here. */
const charges = new Map<string, ProviderName>([
  ['ai-chat', 'stripe'],
  ['marketing', 'paystack'],
])

/** The setting `payments` of a local stack: the product sells, its own provider charges, and a page here takes the customer back. */
export function localSettings(
  catalogue: Pick<Catalogue, 'name' | 'currency' | 'provider'>,
  returnUrl: string,
): PaymentSettings {
  const provider = catalogue.provider ?? charges.get(catalogue.name)
  return paymentSettingsSchema.parse({
    seller: { name: catalogue.name },
    ...(provider === undefined ? {} : { providers: { [catalogue.currency]: provider } }),
    returnUrl,
  })
}

/** Stores the setting where there is none, and anew where an earlier start wrote it for another port or product. `now` in epoch milliseconds. */
export async function storeSettings(table: Table, settings: PaymentSettings, now: number): Promise<void> {
  const found = await findSetting(table, paymentSettingsName)
  if (found && (found.actor !== actor || JSON.stringify(found.value) === JSON.stringify(settings))) return
  await table.write(putSettingWrites(paymentSettingsName, settings, found?.version ?? 0, actor, now))
}
