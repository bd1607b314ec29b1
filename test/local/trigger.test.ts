import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isSigned } from '#gateways/signature'
import { trigger } from '#local/cli/trigger'
import type { ProviderName } from '#local/providers/fake'
import { SetupError } from '#local/setupError'
import { type Bench, control, dig, secrets, startBench } from './providers/support.ts'

let bench: Bench
let addresses: Record<ProviderName, string>
beforeAll(async () => {
  bench = await startBench()
  const { razorpay, paystack, stripe } = bench.fakes
  addresses = { razorpay: razorpay.url, paystack: paystack.url, stripe: stripe.url }
})
afterAll(() => bench.stop())
beforeEach(async () => {
  await bench.fakes.idle()
  bench.heard.length = 0
})

const run = (...args: string[]) => trigger(args, addresses)

describe('npm run trigger', () => {
  it.each([
    ['razorpay', 'payment.captured'],
    ['paystack', 'charge.success'],
  ])('sends one signed event of %s and says what came back', async (provider, event) => {
    expect(await run(provider, event)).toEqual(['200'])
    expect(bench.heard).toMatchObject([{ provider, body: { event } }])
  })

  it('sends about the row that is named, and Stripe’s events too', async () => {
    const [one, other] = await Promise.all([bench.stripe.customers.create({}), bench.stripe.customers.create({})])
    const intents = [one, other].map(({ id }) =>
      bench.stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer: id }),
    )
    const [first] = await Promise.all(intents)
    await bench.fakes.idle()
    bench.heard.length = 0
    expect(await run('stripe', 'payment_intent.succeeded', '--of', first?.id ?? '')).toEqual(['200'])
    expect(bench.heard.map(({ body }) => dig(body, 'data', 'object').id)).toEqual([first?.id])
  })

  it('writes an amount where the provider has it, and lays other fields over the body', async () => {
    const fields = JSON.stringify({ amount: 100, payload: { payment: { entity: { status: 'odd' } } } })
    await run('razorpay', 'payment.captured', '--fields', fields)
    expect(dig(bench.heard[0]?.body ?? {}, 'payload', 'payment', 'entity')).toMatchObject({
      amount: 100,
      status: 'odd',
    })
    expect(bench.heard[0]?.body).not.toHaveProperty('amount')
  })

  it('answers a line for each copy', async () => {
    bench.answers.push(200, 500, 400)
    expect(await run('razorpay', 'payment.captured', '--copies', '3')).toEqual(['200', '500', '400'])
    expect(new Set(bench.heard.map(({ raw }) => raw)).size).toBe(1)
  })

  it('signs with the secret before the last rotation on request, once', async () => {
    await run('razorpay', 'payment.captured', '--old-secret')
    await run('razorpay', 'payment.captured')
    const { webhookSecret, oldWebhookSecret } = secrets.razorpay
    const signedBy = bench.heard.map(({ raw, headers }) =>
      [oldWebhookSecret, webhookSecret].find((one) =>
        isSigned('sha256', [one], [raw], String(headers['x-razorpay-signature'])),
      ),
    )
    expect(signedBy).toEqual([oldWebhookSecret, webhookSecret])
  })

  it('does not take the turn of a rule that somebody set', async () => {
    const rule = { kind: 'payment.captured', lost: true, times: 1 }
    await control(addresses.razorpay, 'behave', { events: [rule] })
    expect(await run('razorpay', 'payment.captured')).toEqual(['200'])
    bench.fakes.razorpay.sendEvent('payment.captured')
    await bench.fakes.idle()
    expect(bench.heard).toHaveLength(1)
    await control(addresses.razorpay, 'behave', { reset: true })
  })

  it('says so when nobody listens', async () => {
    await control(addresses.paystack, 'behave', { settings: { webhooks: false } })
    expect(await run('paystack', 'charge.success')).toEqual(['not sent: the webhooks of the fake are off'])
    await control(addresses.paystack, 'behave', { reset: true })
  })

  it('lists the events of a provider', async () => {
    expect(await run('razorpay', '--list')).toEqual(expect.arrayContaining(['payment.captured', 'refund.processed']))
  })

  it.each([
    [[], /^npm run trigger -- razorpay/],
    [['razorpay'], /^npm run trigger -- razorpay/],
    [['razorpay', 'payment.captured', 'more'], /^npm run trigger -- razorpay/],
    [['razorpay', 'payment.captured', '--list'], /^npm run trigger -- razorpay/],
    [['razorpay', 'payment.captured', '--colour'], /^npm run trigger -- razorpay/],
    [['paypal', 'payment.captured'], /^There is no provider paypal: razorpay, paystack, stripe\.$/],
    [['paystack', 'payment.captured'], /^paystack has no event payment\.captured: .* -- paystack --list/],
    [['razorpay', 'payment.captured', '--copies', '0'], /^--copies 0 is not a number from 1 to 20\.$/],
    [['razorpay', 'payment.captured', '--copies', '21'], /^--copies 21 /],
    [['razorpay', 'payment.captured', '--copies', 'two'], /^--copies two /],
    [['razorpay', 'payment.captured', '--fields', '[1]'], /^--fields \[1\] is not a JSON object/],
    [['razorpay', 'payment.captured', '--fields', '{"amount": "1"}'], /amount/],
    [['razorpay', 'payment.captured', '--of', 'x'.repeat(201)], /of/],
    [['stripe', 'payment_intent.succeeded', '--of', 'pi_none'], /^the stripe fake has nothing yet that payment_intent/],
  ])('%j is refused in one line, and nothing is sent', async (args, message) => {
    const refused: unknown = await run(...args).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(SetupError)
    expect(String(Object(refused).message)).toMatch(message)
    expect(String(Object(refused).message)).not.toMatch(/\n/)
    await bench.fakes.idle()
    expect(bench.heard).toEqual([])
  })

  it('is one line when the stack is gone', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    const razorpay = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`
    await new Promise((done) => server.close(done))
    const gone = trigger(['razorpay', '--list'], { ...addresses, razorpay })
    await expect(gone).rejects.toThrow(new SetupError(`No fake answers at ${razorpay}. Is npm start still running?`))
  })
})
