import { createHash, createHmac } from 'node:crypto'

/** Payments that are settled already: their later events cost the worker a read of the guard and a write. */
export const charges = 50
export const chargeOf = (n: number): string => `pay_Bench${String(n).padStart(9, '0')}`

export interface SignedEvent {
  body: string
  eventKey: string
  signature: string
}

/** Another event of Razorpay's at every call. */
export function eventSource(secret: string): () => SignedEvent {
  let made = 0
  return () => {
    made += 1
    const entity = {
      id: chargeOf(made % charges),
      amount: 49_900,
      currency: 'INR',
      status: 'captured',
      email: 'bench@example.com',
      notes: { n: made, filler: 'x'.repeat(600) },
    }
    const body = JSON.stringify({
      event: 'payment.captured',
      payload: { payment: { entity } },
      created_at: 1_795_262_400,
    })
    return {
      body,
      eventKey: createHash('sha256').update(body).digest('hex'),
      signature: createHmac('sha256', secret).update(body).digest('hex'),
    }
  }
}
