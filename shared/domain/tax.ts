import * as z from 'zod/mini'
import { parseDecimal } from './money.ts'
import { roundTogether } from './orderSpread.ts'

/** How purchases are taxed in a country. `rate` is per cent as a decimal string ("18", "7.5"); "0": no tax. */
export interface TaxRule {
  name: string
  rate: string
  /** The price contains the tax; otherwise the tax comes on top. */
  inclusive: boolean
}

const isRate = (rate: string): boolean => {
  const parsed = parseDecimal(rate)
  return parsed !== undefined && parsed.units <= 100n * 10n ** BigInt(parsed.scale)
}
const rule = z.strictObject({
  name: z._default(z.string().check(z.minLength(1), z.maxLength(40)), 'Tax'),
  rate: z.string().check(z.refine(isRate, 'must be per cent as a decimal string from "0" to "100", such as "7.5"')),
  inclusive: z._default(z.boolean(), false),
})

/**
 * The setting `tax`: rules by billing country (ISO 3166-1 alpha-2), and the one for everybody else:
 * `{"default": {"rate": "0"}, "IN": {"name": "GST", "rate": "18", "inclusive": true}}`.
 */
export const taxSettingsSchema = z
  .record(z.string().check(z.regex(/^(default|[A-Z]{2})$/, 'must be "default" or a country code such as "IN"')), rule)
  .check(z.refine((settings) => Object.hasOwn(settings, 'default'), 'must have a rule called "default"'))
export type TaxSettings = z.output<typeof taxSettingsSchema>

export const noTax: TaxRule = { name: 'Tax', rate: '0', inclusive: false }

/** The rule of a billing country; without one, or without a country, the default. */
export function taxRuleFor(settings: TaxSettings, country: string | undefined): TaxRule {
  const own = country !== undefined && Object.hasOwn(settings, country) ? settings[country] : undefined
  return own ?? settings.default ?? noTax
}

/** No tax is the same, whatever it is called. */
export const isSameTax = (one: TaxRule, other: TaxRule): boolean =>
  isTaxed(one)
    ? one.name === other.name && one.rate === other.rate && one.inclusive === other.inclusive
    : !isTaxed(other)

export const isTaxed = ({ rate }: TaxRule): boolean => (parseDecimal(rate)?.units ?? 0n) > 0n

/**
 * The tax in (inclusive) or on (exclusive) each amount, minor units. It is rounded half up once, on the sum, because
 * that is the figure an invoice states per rate; the parts are spread so that they add up to it. Credits are negative.
 * @throws RangeError for a rate that is no decimal.
 */
export function taxOn(amountsMinor: readonly number[], { rate, inclusive }: TaxRule): number[] {
  const parsed = parseDecimal(rate)
  if (!parsed) throw new RangeError(`${rate} is not a rate`)
  const hundred = 100n * 10n ** BigInt(parsed.scale)
  return roundTogether(
    amountsMinor.map((amount) => BigInt(amount) * parsed.units),
    inclusive ? hundred + parsed.units : hundred,
  )
}
