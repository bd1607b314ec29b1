import * as z from 'zod/mini'
import { isCountry } from './country.ts'
import { isCurrency } from './money.ts'
import { chargeRule, type PaymentProvider, paymentProviders } from './moneyCharge.ts'
import { retryHours } from './subscriptionDue.ts'
import { taxSettingsSchema } from './tax.ts'
import { isTimeZone } from './zone.ts'

const isAscending = (hours: readonly number[]): boolean => hours.every((hour, at) => hour > (hours[at - 1] ?? 0))

const text = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))

export const addressSchema = z.strictObject({
  line1: text(120),
  line2: z.exactOptional(text(120)),
  city: text(80),
  region: z.exactOptional(text(80)),
  postalCode: z.exactOptional(text(20)),
  /** ISO 3166-1 alpha-2. */
  country: z
    .string()
    .check(
      z.regex(/^[A-Z]{2}$/, { error: 'must be two capital letters, such as "IN"', abort: true }),
      z.refine(isCountry, 'must be the code of a country'),
    ),
})

/** The setting `payments`: who sells, what is taxed how, and which provider takes which currency. */
export const paymentSettingsSchema = z.strictObject({
  seller: z._default(
    z.strictObject({
      name: text(120),
      email: z.exactOptional(z.email().check(z.maxLength(254))),
      address: z.exactOptional(addressSchema),
      taxId: z.exactOptional(text(40)),
      /** Says which day, and so which year's series, an invoice belongs to. */
      timeZone: z._default(z.string().check(z.refine(isTimeZone, 'must be an IANA time zone')), 'UTC'),
    }),
    { name: 'Faregate', timeZone: 'UTC' },
  ),
  tax: z._default(taxSettingsSchema, { default: { name: 'Tax', rate: '0', inclusive: false } }),
  /** Currency → provider; a currency that is not named goes to the first provider that charges it. */
  providers: z._default(
    z.record(z.string().check(z.refine(isCurrency, 'must be an ISO 4217 currency')), z.enum(paymentProviders)),
    {},
  ),
  /**
   * When a renewal that failed is charged again, in hours from the end of what is paid; grace is over after 72. What is owed after
   * the last period is tried as often, a day apart. Empty: once only. A mandate is never tried again by itself.
   */
  retryHours: z._default(
    z
      .array(z.int().check(z.minimum(1), z.maximum(71)))
      .check(z.maxLength(8), z.refine(isAscending, 'must grow from one to the next')),
    [...retryHours],
  ),
  /** Where a provider's page sends the customer back to. */
  returnUrl: z.exactOptional(
    z.string().check(z.regex(/^https?:\/\/[^\s"<>]+$/, 'must be an http(s) address'), z.maxLength(500)),
  ),
})
export type PaymentSettings = z.output<typeof paymentSettingsSchema>

export const defaultPaymentSettings: PaymentSettings = paymentSettingsSchema.parse({})

/** Who charges a currency: the setting's word, else the first that is turned on and can. Undefined: nobody. */
export function providerFor(
  { providers }: Pick<PaymentSettings, 'providers'>,
  currency: string,
  turnedOn: readonly PaymentProvider[],
): PaymentProvider | undefined {
  const named = providers[currency]
  if (named !== undefined) return turnedOn.includes(named) ? named : undefined
  return turnedOn.find((provider) => chargeRule(provider, currency) !== undefined)
}
