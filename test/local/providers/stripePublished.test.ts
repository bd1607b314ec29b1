import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '#local/providers/json'
import { plain, stripeOf } from './stripeSupport.ts'
import {
  type Bench,
  dig,
  hasVectors,
  hourMs,
  kindsOf,
  missingKeys,
  startBench,
  text,
  vector,
  vectorNames,
} from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { form, newInvoiceItem, newSession, newSubscription } = stripeOf(() => bench)

describe.runIf(hasVectors)('the sequences of stripe trigger', () => {
  // No bank transfers into a customer's balance, and no file about the folder itself.
  const covered = /^(?!_|payment_intent\.partially_funded)/
  const names = vectorNames('stripe-cli-triggers', (name) => covered.test(name))

  it.each(names)('%s runs to its end and sends its event', async (name) => {
    const { fixtures } = vector('stripe-cli-triggers', name)
    const answers: Record<string, JsonObject> = {}
    for (const step of Array.isArray(fixtures) ? fixtures : []) {
      const { path, method, params, name: as, expected_error_type: expected } = dig({ step }, 'step')
      const fill = (given: string) =>
        given.replace(/\$\{(\w+):([\w.]+)\}/g, (_, from: string, way: string) =>
          String(reach(answers[from] ?? {}, way)),
        )
      const given: JsonObject = JSON.parse(fill(JSON.stringify(params ?? {})))
      const answer = await form(text(method).toUpperCase(), fill(text(path)), given)
      expect(dig({ error: {}, ...answer.body }, 'error').type, JSON.stringify(answer.body)).toBe(
        answer.status < 400 ? undefined : expected,
      )
      answers[text(as)] = answer.body
    }
    await bench.advance(hourMs)
    const kind = name.replace('.json', '')
    expect(kindsOf(bench.heard)).toContain(kind)
  })

  it('there are 45 of them', () => expect(names).toHaveLength(45))
})

function reach(value: JsonObject, way: string): unknown {
  return way
    .split('.')
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : at), value)
}

describe.runIf(hasVectors)('the fields of the published resources', () => {
  /** Beside the first level, the parts that the product reads. */
  const deep = ['card', 'payment_method_details', 'evidence', 'evidence_details', 'outcome', 'billing_details']

  it.each([
    ['customer', () => bench.stripe.customers.create({})],
    ['payment_intent', () => bench.stripe.paymentIntents.create({ amount: 3000, currency: 'usd' })],
    ['charge', async () => (await bench.stripe.charges.list({})).data[0]],
    ['refund', async () => (await bench.stripe.refunds.list({})).data[0]],
    ['dispute', async () => (await bench.stripe.disputes.list({})).data[0]],
    ['checkout.session', () => newSession()],
    ['payment_method', () => bench.stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } })],
    ['setup_intent', () => bench.stripe.setupIntents.create({})],
    ['product', () => bench.stripe.products.create({ name: 'Pro' })],
    ['price', async () => (await bench.stripe.prices.list({})).data[0]],
    ['invoiceitem', async () => newInvoiceItem()],
    ['invoice', async () => bench.stripe.invoices.create({ customer: (await newInvoiceItem()).customer })],
    ['subscription', () => newSubscription()],
    ['event', async () => (await bench.stripe.events.list({})).data[0]],
  ] as const)('%s has them all', async (name, make) => {
    const visa = { amount: 3000, currency: 'usd', confirm: true }
    const intent = await bench.stripe.paymentIntents.create({ ...visa, payment_method: 'pm_card_visa' })
    await bench.stripe.refunds.create({ payment_intent: intent.id })
    await bench.stripe.paymentIntents.create({ ...visa, payment_method: 'pm_card_createDispute' })
    await newSession()
    const ours = plain(await make())
    const sample = dig(vector('stripe-fixtures3-subset.json'), 'resources', name)
    const missing = missingKeys(sample, ours).filter(
      (path) => !path.includes('.') || deep.includes(path.split('.')[0] ?? ''),
    )
    expect(missing).toEqual([])
  })
})
