import { moneyText } from '#domain/money'

/** Where one sign means one currency. Other dollars, pounds and the rest go by their code. */
const signs: Record<string, string> = { INR: '₹', NGN: '₦', GHS: '₵', USD: '$', EUR: '€', GBP: '£' }

/** "₹1,499.00", "-₵12.50", "JPY 500", "KWD 1.250". */
export function signedMoney(amountMinor: number, currency: string): string {
  const text = moneyText(Math.abs(amountMinor), currency)
  const sign = signs[currency]
  const shown = sign === undefined ? text : text.replace(`${currency} `, sign)
  return amountMinor < 0 ? `-${shown}` : shown
}
