/**
 * Paystack's ids are unsigned 64-bit numbers, more than a double holds: those with 16 digits and more become strings
 * before JSON.parse rounds them. Inside a JSON string the quotes would be escaped, so only members match.
 * @returns undefined when the text is not JSON
 */
export function parsePaystackJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/("(?:id|transaction)"\s*:\s*)(\d{16,20})(?=\s*[,}\]])/g, '$1"$2"'))
  } catch {
    return undefined
  }
}
