import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** What a fresh process loads: a webhook's receiver must not pay for SDKs that it does not use. */
const script = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context) } })
const { razorpayGateway } = await import('#gateways/razorpay')
const { paystackGateway } = await import('#gateways/paystack')
const { stripeGateway } = await import('#gateways/stripe')
const tools = { wait: async () => {}, rng: () => 0 }
const body = new TextEncoder().encode('{"event":"payment.captured","id":"evt_1","object":"event","type":"charge.refunded"}')
const address = { baseUrl: 'http://127.0.0.1:9', timeoutMs: 500 }
const all = [
  razorpayGateway({ ...address, keyId: 'rzp_test_1', keySecret: 's', webhookSecrets: ['w'] }, tools),
  paystackGateway({ ...address, secretKey: 's' }, tools),
  stripeGateway({ ...address, secretKey: 's', webhookSecrets: ['w'] }, tools),
]
for (const gateway of all) {
  gateway.verifyWebhook(body, { 'stripe-signature': 't=1,v1=aa', 'x-razorpay-signature': 'aa', 'x-paystack-signature': 'aa' }, 1000)
  gateway.parseWebhook(body, {})
  try { gateway.verifyReturn({}, { providerOrderId: 'x' }) } catch {}
}
const before = loaded.filter((name) => /^(razorpay|stripe|axios)$/.test(name))
for (const gateway of all) await gateway.fetchPayment(gateway.provider === 'stripe' ? 'pi_1' : 'pay_1').catch(() => {})
const after = loaded.filter((name) => /^(razorpay|stripe)$/.test(name))
process.stdout.write(JSON.stringify({ before, after: [...new Set(after)].sort() }))
`

describe('SDKs', () => {
  it('are loaded by the first call and not by checking and parsing', () => {
    const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toEqual({ before: [], after: ['razorpay', 'stripe'] })
  })
})
