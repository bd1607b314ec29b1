/**
 * Money is a whole number of minor units (ISO 4217 exponents) with its currency. No float ever holds an amount: products
 * and shares are computed with BigInt and rounded once, at the end.
 */

/** Currencies that a price may have: ISO 4217 without funds, metals and test codes. */
const codes = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
  CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
  IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
  MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
  SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF
  XPF YER ZAR ZMW ZWG`
const currencies: ReadonlySet<string> = new Set(codes.trim().split(/\s+/))
const withoutMinorUnit = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '))
const withThousandths = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '))

export const isCurrency = (code: string): boolean => currencies.has(code)

/** Decimals between the major and the minor unit: 2 for USD, 0 for JPY, 3 for KWD (`Intl` has CLDR's habits, not ISO's digits). */
export function exponentOf(currency: string): number {
  if (!isCurrency(currency)) throw new RangeError(`${currency} is not a currency`)
  if (withoutMinorUnit.has(currency)) return 0
  return withThousandths.has(currency) ? 3 : 2
}

/** A decimal that is not negative, exactly: `units / 10^scale`. */
export interface Decimal {
  units: bigint
  scale: number
}

/** Twelve digits before the point cover any amount, nine after it any price per unit. */
const decimal = /^(0|[1-9]\d{0,11})(?:\.(\d{1,9}))?$/

/** Reads "0.5", "12", "0.006925"; undefined for anything else: no signs, no exponents, no leading zeros. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = decimal.exec(text)
  if (!match) return undefined
  const fraction = match[2] ?? ''
  return { units: BigInt(`${match[1]}${fraction}`), scale: fraction.length }
}

/** The nearest whole number; halves go away from zero, so that a credit and a charge of one size cancel out. */
export function roundHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('the denominator is not positive')
  const magnitude = numerator < 0n ? -numerator : numerator
  const rounded = (2n * magnitude + denominator) / (2n * denominator)
  return numerator < 0n ? -rounded : rounded
}

/** `count × unitAmount` in minor units, rounded once, on the total: 3 × "0.5" is 2. */
export function timesDecimal(count: number, unitAmount: string): number {
  const factor = parseDecimal(unitAmount)
  if (!factor) throw new RangeError(`${unitAmount} is not a decimal`)
  return safe(roundHalfUp(whole(count) * factor.units, 10n ** BigInt(factor.scale)))
}

/** The share `part / total` of an amount in minor units, rounded once; both in one unit (milliseconds, say). */
export const shareOf = (amountMinor: number, part: number, total: number): number =>
  safe(roundHalfUp(whole(amountMinor) * whole(part), whole(total)))

/** The share `part / total` of an amount, where both are sums of products. */
export const weighedShare = (amountMinor: number, part: bigint, total: bigint): number =>
  safe(roundHalfUp(whole(amountMinor) * part, total))

/** "GHS 120.00", "NGN 15,000.00", "JPY 500". */
export const moneyText = (amountMinor: number, currency: string): string =>
  `${currency} ${shiftedText(whole(amountMinor), exponentOf(currency), exponentOf(currency))}`

/** "15000.00": for programs, which take no commas. */
export const decimalText = (amountMinor: number, currency: string): string =>
  shiftedText(whole(amountMinor), exponentOf(currency), exponentOf(currency)).replaceAll(',', '')

/** The price of one unit, which may be finer than the minor unit: "0.5" minor units of USD are "USD 0.005". */
export function unitAmountText(unitAmount: string, currency: string): string {
  const parsed = parseDecimal(unitAmount)
  if (!parsed) throw new RangeError(`${unitAmount} is not a decimal`)
  return `${currency} ${shiftedText(parsed.units, parsed.scale + exponentOf(currency), exponentOf(currency))}`
}

/** `units / 10^scale` with thousands separated and at least `decimals` digits after the point. */
function shiftedText(units: bigint, scale: number, decimals: number): string {
  const sign = units < 0n ? '-' : ''
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const major = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, ',')
  const fraction = digits.slice(digits.length - scale)
  const minor = fraction.slice(0, decimals) + fraction.slice(decimals).replace(/0+$/, '')
  return minor === '' ? `${sign}${major}` : `${sign}${major}.${minor}`
}

const whole = (value: number): bigint => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number below 2^53`)
  return BigInt(value)
}
const safe = (value: bigint): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError('the amount passes 2^53')
  return number
}
