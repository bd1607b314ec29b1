import { describe, expect, it } from 'vitest'
import { gatewaySecrets, openGateways } from '#gateways/gateways'
import { tools } from './support.ts'

describe('the set of gateways', () => {
  const config = {
    razorpay: { keyId: 'rzp_test_1', keySecret: 's', webhookSecrets: ['w'] },
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['new', 'old'] },
  }

  it('has those that are turned on, each once', () => {
    const gateways = openGateways(gatewaySecrets.parse(config), tools())
    expect(gateways('stripe').provider).toBe('stripe')
    expect(gateways('razorpay')).toBe(gateways('razorpay'))
    expect(() => gateways('paystack')).toThrow(
      expect.objectContaining({ kind: 'misconfigured', code: 'not_turned_on' }),
    )
  })

  it.each([
    ['an empty secret', { stripe: { secretKey: 'sk_test_1', webhookSecrets: [''] } }],
    ['a misspelt member', { stripe: { secretKey: 'sk_test_1', webhookSecret: 'w', webhookSecrets: [] } }],
    ['three secrets', { stripe: { secretKey: 'sk_test_1', webhookSecrets: ['a', 'b', 'c'] } }],
    ['a key of another kind', { razorpay: { keyId: 'sk_test_1', keySecret: 's', webhookSecrets: [] } }],
    ['plain HTTP to elsewhere', { paystack: { secretKey: 's', baseUrl: 'http://proxy.example' } }],
    ['credentials in the address', { paystack: { secretKey: 's', baseUrl: 'http://127.0.0.1@proxy.example' } }],
    ['a provider nobody knows', { paypal: {} }],
  ])('refuses %s', (_, value) => {
    expect(gatewaySecrets.safeParse(value).success).toBe(false)
  })

  it('takes the address of a fake', () => {
    expect(gatewaySecrets.safeParse({ paystack: { secretKey: 's', baseUrl: 'http://127.0.0.1:4011' } }).success).toBe(
      true,
    )
  })
})
