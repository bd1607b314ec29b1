/**
 * The registry of problem codes: the only place that pairs a code with its HTTP status and title.
 * `code` is stable and documented (`docs/errors/<code>.md`); `title` is what a reader sees first.
 */
export const codes = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  invalid_signature: { status: 400, title: 'The signature does not match' },
  coupon_invalid: { status: 400, title: 'The coupon does not hold' },
  amount_too_small: { status: 400, title: 'The amount is below the smallest charge' },
  unauthenticated: { status: 401, title: 'Credentials are missing or not valid' },
  insufficient_credits: { status: 402, title: 'Not enough credits' },
  payment_required: { status: 402, title: 'The subscription is not live' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  account_suspended: { status: 403, title: 'The account is suspended' },
  feature_not_in_plan: { status: 403, title: 'The plan does not include this feature' },
  usage_limit_reached: { status: 403, title: 'The usage limit is reached' },
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'The current state does not allow this' },
  reservation_expired: { status: 409, title: 'The reservation has lapsed' },
  quote_expired: { status: 409, title: 'The quote no longer holds' },
  idempotency_in_progress: { status: 409, title: 'A request with this key is still running' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not accepted' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  contended: { status: 503, title: 'The account is changing too quickly' },
  provider_unavailable: { status: 503, title: 'The payment provider does not answer' },
  timeout: { status: 504, title: 'The request took too long' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof codes

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(codes, text)
