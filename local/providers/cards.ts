import * as z from 'zod/mini'

/** What a test card does. Nobody types a number anywhere: a card is chosen by its behaviour. */
export interface TestCard {
  /** In words, for the checkout page. */
  label: string
  brand: 'Visa' | 'MasterCard'
  last4: string
  /** What paying on the page leads to. */
  onPage: 'success' | 'declined' | 'insufficient_funds' | 'processing' | 'late_authorized'
  /** What a charge without the customer leads to. */
  offSession: 'success' | 'declined' | 'insufficient_funds' | 'authentication_required' | 'processing'
  /** Expires at the end of the month that the fake's clock is in. */
  expiresSoon?: boolean
  /** The cardholder disputes the payment at once. */
  dispute?: boolean
  refundFails?: boolean
}

const cardNames = [
  'success',
  'declined',
  'insufficient_funds',
  'authentication_required',
  'declines_later',
  'expires_soon',
  'processing',
  'late_authorized',
  'dispute',
  'refund_fails',
] as const

export const cardName = z.enum(cardNames)
export type CardName = z.infer<typeof cardName>

const plain = { brand: 'Visa', onPage: 'success', offSession: 'success' } as const

export const cards: Readonly<Record<CardName, TestCard>> = {
  success: { ...plain, label: 'Success', last4: '4242' },
  declined: { ...plain, label: 'Declined', last4: '0002', onPage: 'declined', offSession: 'declined' },
  insufficient_funds: {
    ...plain,
    label: 'Insufficient funds',
    last4: '9995',
    onPage: 'insufficient_funds',
    offSession: 'insufficient_funds',
  },
  authentication_required: {
    ...plain,
    label: '3-D Secure: passes on the page, refused without the customer',
    last4: '3155',
    offSession: 'authentication_required',
  },
  declines_later: {
    ...plain,
    label: 'Pays on the page, has no funds at a renewal',
    last4: '0341',
    offSession: 'insufficient_funds',
  },
  expires_soon: { ...plain, label: 'Expires this month', brand: 'MasterCard', last4: '4444', expiresSoon: true },
  processing: {
    ...plain,
    label: 'Stays processing for a while, then succeeds',
    last4: '1117',
    onPage: 'processing',
    offSession: 'processing',
  },
  late_authorized: {
    ...plain,
    label: 'Reported as failed first, succeeds later (Razorpay; elsewhere: processing)',
    last4: '0153',
    onPage: 'late_authorized',
    offSession: 'processing',
  },
  dispute: { ...plain, label: 'Succeeds and is disputed', last4: '0259', dispute: true },
  refund_fails: { ...plain, label: 'Succeeds; its refunds fail', last4: '5126', refundFails: true },
}

/** Month 1–12 and year of a card's expiry, by the fake's clock. */
export function expiryOf(card: TestCard, nowMs: number): { month: number; year: number } {
  const now = new Date(nowMs)
  if (card.expiresSoon) return { month: now.getUTCMonth() + 1, year: now.getUTCFullYear() }
  return { month: 12, year: now.getUTCFullYear() + 4 }
}
