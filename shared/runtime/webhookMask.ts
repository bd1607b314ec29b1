/** Whom a payload is about, and what could be charged or signed in with: told by its member's name … */
const maskedNames =
  /e-?mail|contact|phone|mobile|(^|_)name$|card|token|authori[sz]ation|vpa|upi|address|signature|secret|iban|account_number|(^|_)bin$|last_?4|(^|_)ip($|_)|fingerprint|payment_method|passw|birth|_?id_number|tax_id|custom_fields|receipt_url|hosted_|invoice_pdf/i
/** … or by its look, wherever it stands. */
const maskedTexts = /@|^(AUTH|pm|tok|token|card|src|seti|ba)_|^\+?\d[\d\s-]{7,18}$|https?:\/\//
/** A browser can write into these: only what looks like an id of ours is shown. */
const freeNames = /^(notes|metadata|description|statement_descriptor|merchant_note|customer_note)$/i
const ourId = /^(fpay|rfd)[_-][0-9A-Z]{26}(\.\d+)?$/
const mask = '…'
/** Deeper than any provider nests, and no stack can overflow. */
const deepest = 16

/** A JSON value without contact details, tokens and what a browser may have written. */
export function masked(value: unknown, isFree = false, depth = 0): unknown {
  if (typeof value === 'string') return isHidden(value, isFree) ? mask : value
  if (value === null || typeof value !== 'object') return value
  if (depth === deepest) return mask
  if (Array.isArray(value)) return value.map((one) => masked(one, isFree, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      maskedNames.test(name) && !isPlain(one) ? mask : masked(one, isFree || freeNames.test(name), depth + 1),
    ]),
  )
}

const isHidden = (text: string, isFree: boolean): boolean => (isFree ? !ourId.test(text) : maskedTexts.test(text))

/** Absence is worth seeing; a number may be a card's. */
const isPlain = (value: unknown): boolean => value === null || typeof value === 'boolean' || value === ''

/** The masked payload of a body; null when it is no JSON object. */
export function maskedPayload(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const shown = masked(value)
    return isRecord(shown) ? shown : null
  } catch {
    return null
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
