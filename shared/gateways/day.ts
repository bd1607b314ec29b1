import type { PaymentProvider } from '#domain/moneyCharge'
import { GatewayError } from './gatewayError.ts'

/** Pages of a hundred that a day's list may have; more is another design's work, not a longer loop. */
export const mostPages = 500
export const pageSize = 100

/** `yyyy-mm-dd` → the UTC day's first instant and the next day's. @throws GatewayError `refused` */
export function dayBounds(provider: PaymentProvider, day: string): { fromMs: number; toMs: number } {
  const fromMs = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(fromMs)) throw new GatewayError(provider, 'refused', { code: 'day_invalid' })
  return { fromMs, toMs: fromMs + 86_400_000 }
}

export const tooManyPages = (provider: PaymentProvider): GatewayError =>
  new GatewayError(provider, 'refused', { code: 'too_many_pages' })
