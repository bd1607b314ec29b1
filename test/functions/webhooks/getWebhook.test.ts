import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/webhooks/getWebhook'
import { getWebhook } from '#operations/webhooks'
import { invoke, testDeps } from '#test/support/deps'
import { deliver, stripeEvent } from '#test/support/webhooks'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const get = (webhookId: string) => invoke(getWebhook, run, deps, { params: { webhookId } })

describe('getWebhook', () => {
  it('200 shows the payload without contact details and tokens, whatever they are called', async () => {
    const object = {
      id: 'pi_1',
      amount: 1500,
      currency: 'usd',
      status: 'succeeded',
      livemode: false,
      receipt_email: 'canary@example.com',
      payment_method: 'pm_canary',
      client_secret: 'pi_1_secret_canary',
      customer: 'cus_1',
      charges: [{ card: { last4: '4242', exp_month: 4 }, billing_details: { name: 'Canary', phone: null } }],
      authorization_code: 'AUTH_canary',
      contact: '+919999999999',
      note: 'call 9999999999 or canary@example.com',
      number: '+91 99999 99999',
      deep: { source: 'tok_canary', url: 'https://example.com/canary' },
      metadata: { payment: 'fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C5D', text: 'canary was here', nested: ['canary'] },
      notes: [],
    }
    await deliver(deps, 'stripe', stripeEvent('evt_masked', 'payment_intent.succeeded', object))
    const { status, body } = await get('stripe:evt_masked')
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: 'stripe:evt_masked', kind: 'payment_intent.succeeded', status: 'received' })
    expect(body.payload).toMatchObject({
      id: 'evt_masked',
      type: 'payment_intent.succeeded',
      data: {
        object: {
          id: 'pi_1',
          amount: 1500,
          currency: 'usd',
          status: 'succeeded',
          customer: 'cus_1',
          receipt_email: '…',
          charges: [{ card: '…', billing_details: { name: '…', phone: null } }],
          metadata: { payment: 'fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C5D', text: '…', nested: ['…'] },
          notes: [],
        },
      },
    })
    expect(JSON.stringify(body)).not.toMatch(/canary|99999|4242/i)
  })

  it('200 with payload null for a body that is no JSON object, and a bounded depth', async () => {
    await deliver(deps, 'paystack', '[1,2]')
    const idOf = (text: string) => `paystack:${createHash('sha256').update(text).digest('hex')}`
    expect((await get(idOf('[1,2]'))).body).toMatchObject({ payload: null, kind: '' })
    const deep = `{"a":${'['.repeat(60)}${']'.repeat(60)}}`
    await deliver(deps, 'paystack', deep)
    expect(JSON.stringify((await get(idOf(deep))).body.payload)).toContain('…')
  })

  it('404 for an event that is not there, 400 for what is no id', async () => {
    expect(await get('stripe:evt_nowhere')).toMatchObject({ status: 404, code: 'not_found' })
    for (const id of ['stripe', 'paypal:evt_1', 'stripe:a#b', `stripe:${'x'.repeat(256)}`])
      expect(await get(id)).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
