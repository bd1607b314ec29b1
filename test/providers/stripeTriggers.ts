import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openGateways } from '#gateways/gateways'
import { type Bench, hourMs, kindsOf, secrets, startBench } from '#test/local/providers/support'
import { type Check, check, oneLine } from './check.ts'
import type { Tools } from './tools.ts'

const run = promisify(execFile)
const oneTriggerMs = 20_000

/**
 * What `stripe trigger` can send about payments, customers, invoices and subscriptions. Of these only
 * payment_intent.partially_funded is not here: the fake has no bank transfers into a balance.
 */
const events = `
charge.captured charge.dispute.closed charge.dispute.created charge.dispute.updated charge.failed charge.refund.updated
charge.refunded charge.succeeded checkout.session.async_payment_failed checkout.session.async_payment_succeeded
checkout.session.completed checkout.session.expired customer.created customer.deleted customer.subscription.created
customer.subscription.deleted customer.subscription.paused customer.subscription.trial_will_end
customer.subscription.updated customer.updated invoice.created invoice.deleted invoice.finalized
invoice.marked_uncollectible invoice.paid invoice.payment_action_required invoice.payment_failed invoice.sent
invoice.updated invoice.voided payment_intent.amount_capturable_updated payment_intent.canceled payment_intent.created
payment_intent.payment_failed payment_intent.processing payment_intent.requires_action
payment_intent.succeeded payment_method.attached payment_method.detached payment_method.updated setup_intent.canceled
setup_intent.created setup_intent.requires_action setup_intent.setup_failed setup_intent.succeeded`
  .trim()
  .split(/\s+/)

/** Stripe's own command line runs each of its request sequences against the fake, whose events our gateway must read. */
export async function checkStripeTriggers({ stripe }: Tools): Promise<Check[]> {
  const home = await mkdtemp(join(tmpdir(), 'faregate-stripe-'))
  const bench = await startBench()
  try {
    const checks: Check[] = []
    for (const event of events)
      checks.push(await check(`stripe trigger ${event}`, () => trigger(stripe, home, bench, event)))
    return checks
  } finally {
    await bench.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function trigger(script: string, home: string, bench: Bench, event: string): Promise<string | undefined> {
  bench.heard.length = 0
  // A home of its own: somebody's real login to Stripe must not come near this.
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: home,
    STRIPE_API_KEY: secrets.stripe.secretKey,
    STRIPE_CLI_TELEMETRY_OPTOUT: '1',
  }
  const asked = [script, 'trigger', event, '--api-base', bench.fakes.stripe.url]
  const fault = await run(process.execPath, asked, { env, timeout: oneTriggerMs }).then(
    ({ stdout, stderr }) => (stdout.includes('Trigger succeeded') ? undefined : `${stdout} ${stderr}`),
    (error: unknown) => String(Object(error).stderr || error),
  )
  if (fault !== undefined) return oneLine(fault)
  // What a bank takes its time for.
  await bench.advance(hourMs)
  if (!kindsOf(bench.heard).includes(event)) return `only ${kindsOf(bench.heard).join(', ')} came`
  return unreadable(bench)
}

/** The first event that our gateway does not take for signed, or cannot read. */
function unreadable({ heard }: Bench): string | undefined {
  const { secretKey, webhookSecret } = secrets.stripe
  const tools = { wait: async () => {}, rng: () => 0.5 }
  const gateway = openGateways({ stripe: { secretKey, webhookSecrets: [webhookSecret] } }, tools)('stripe')
  for (const { raw, headers } of heard) {
    const bytes = Buffer.from(raw)
    const signature = { 'stripe-signature': String(headers['stripe-signature']) }
    if (!gateway.verifyWebhook(bytes, signature, performance.timeOrigin + performance.now()))
      return 'an event is not signed'
    const { kind, about } = gateway.parseWebhook(bytes, signature)
    if (about.type === 'unreadable') return `our gateway cannot read ${kind}: ${about.detail}`
  }
  return undefined
}
