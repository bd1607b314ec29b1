import type { PaymentProvider } from '#domain/moneyCharge'
import { type CallKind, transportError } from './gatewayError.ts'

/**
 * Bounds a call as a whole. The SDKs' own time-outs are of silence on the socket, so an answer that trickles outlives
 * them. What comes after is dropped; the socket ends by the SDK's own limit.
 * @throws GatewayError with code `timeout`
 */
export async function within<T>(
  provider: PaymentProvider,
  call: CallKind,
  limitMs: number,
  work: Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(transportError(provider, call, 'timeout')), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
