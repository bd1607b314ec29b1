import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { turnClock } from '#local/cli/clock'
import { trigger } from '#local/cli/trigger'
import { providerNames } from '#local/providers/fake'
import { announcementOf, type LocalStack, startLocalStack } from '#local/start'
import { readPaymentSettings } from '#table/settings'
import { control } from './providers/support.ts'

const logs = mkdtempSync(join(tmpdir(), 'faregate-start-'))
const startMs = Date.parse('2027-01-31T00:00:00Z')
/** A build takes about 15 seconds alone, and several times that beside a whole suite on two cores. */
const buildPatienceMs = 180_000
/** A day of every schedule, one occurrence after the other. */
const firingPatienceMs = 120_000
let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack({ logs, startMs })
}, buildPatienceMs)
afterAll(async () => {
  await stack.stop()
  rmSync(logs, { recursive: true, force: true })
})

const ask = (path: string, credential: string, body?: unknown) =>
  fetch(stack.apiUrl + path, {
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })

describe('the deployable stack on a laptop', () => {
  it('answers the first call that it suggests: a check with consume', async () => {
    const { accountId = '', feature = '' } = stack.tryout ?? {}
    const answer = await ask(`/v1/accounts/${accountId}/check`, stack.apiKey, { feature, consume: true })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ allowed: true, feature, used: 1 })
  })

  it('lets each demo customer in with its own token', async () => {
    expect(stack.customers.length).toBeGreaterThan(0)
    for (const { accountId, token } of stack.customers) {
      expect(await (await ask('/v1/me', token)).json()).toMatchObject({ id: accountId })
    }
  })

  it('stands at the instant asked for', async () => {
    const { now } = Object(await (await ask('/v1/admin/clock', stack.adminToken)).json())
    expect(Date.parse(now) - startMs).toBeGreaterThanOrEqual(0)
    expect(Date.parse(now) - startMs).toBeLessThan(120_000)
  })
})

const paymentSecret = z.object({
  sealKey: z.string().check(z.minLength(64)),
  razorpay: z.object({ baseUrl: z.string(), webhookSecrets: z.array(z.string()) }),
  paystack: z.object({ baseUrl: z.string(), secretKey: z.string() }),
  stripe: z.object({ baseUrl: z.string(), webhookSecrets: z.array(z.string()) }),
})

describe('what stands for the payment providers', () => {
  it.each(providerNames)('%s answers at the address that is announced', async (provider) => {
    const answer = await fetch(`${announcementOf(stack).providers[provider]}/_fake`)
    expect(await answer.json()).toMatchObject({ provider })
  })

  it('the secret that the functions read names the same addresses and webhook secrets', async () => {
    const reader = Object.values(stack.model.functions).find(({ environment }) => environment['PAYMENT_SECRET_ID'])
    const answer = await fetch(announcementOf(stack).secretsUrl, {
      method: 'POST',
      headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' },
      body: JSON.stringify({ SecretId: reader?.environment['PAYMENT_SECRET_ID'] }),
    })
    const { SecretString } = z.object({ SecretString: z.string() }).parse(await answer.json())
    const { razorpay, paystack, stripe } = paymentSecret.parse(JSON.parse(SecretString))
    const { providers, webhookSecrets } = announcementOf(stack)
    expect(providers).toEqual({ razorpay: razorpay.baseUrl, paystack: paystack.baseUrl, stripe: stripe.baseUrl })
    expect(webhookSecrets).toEqual({
      razorpay: razorpay.webhookSecrets[0],
      paystack: paystack.secretKey,
      stripe: stripe.webhookSecrets[0],
    })
  })

  it('customers pay at the address that is announced, and come back to one that answers', async () => {
    const { checkoutUrl } = announcementOf(stack)
    expect((await fetch(checkoutUrl)).status).toBe(200)
    const { returnUrl = '', providers, seller } = await readPaymentSettings(stack.table)
    expect(returnUrl.startsWith(checkoutUrl)).toBe(true)
    expect(await (await fetch(returnUrl)).text()).toContain('Paid.')
    expect({ providers, seller: seller.name }).toEqual({ providers: { INR: 'razorpay' }, seller: 'resume-ats' })
  })

  it.each([
    ['razorpay', 'payment.captured', ['--copies', '2', '--old-secret']],
    ['paystack', 'charge.success', ['--old-secret']],
    ['razorpay', 'order.paid', []],
  ])('a triggered event of %s (%s %j) is taken by the deployed receiver', async (provider, event, options) => {
    const lines = await trigger([provider, event, ...options], announcementOf(stack).providers)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^200 \{"received": ?true/)
  })
})

describe('a turn of the clock', () => {
  it(
    'stops where a provider has something to do, and is there when that has arrived',
    async () => {
      const { razorpay } = announcementOf(stack).providers
      const delayMs = 12 * 3600 * 1000
      await control(razorpay, 'behave', { events: [{ kind: 'refund.processed', delayMs, times: 1 }] })
      await control(razorpay, 'send', { event: 'refund.processed', eventId: 'later' })
      const attempts = () =>
        stack.payments.fakes.razorpay.deliveries().find(({ eventId }) => eventId === 'later')?.attempts.length
      await stack.payments.fakes.idle()
      expect(attempts()).toBe(0)
      const before = await stack.now()
      const line = await turnClock(['advance', 'P1D'], announcementOf(stack), () => {})
      expect(attempts()).toBe(1)
      expect(Date.parse(line) - before).toBeGreaterThanOrEqual(2 * delayMs)
    },
    firingPatienceMs,
  )

  it(
    'fires the schedules in between',
    async () => {
      await stack.tick()
      const fired = new Set(readdirSync(logs).map((name) => name.replace(/^.*-|\.log$/g, '')))
      for (const schedule of stack.model.schedules) expect(fired).toContain(schedule.name.replace(/^.*-/, ''))
    },
    firingPatienceMs,
  )
})
