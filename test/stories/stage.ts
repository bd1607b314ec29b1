import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extractText } from 'unpdf'
import * as z from 'zod/mini'
import { turnClock } from '#local/cli/clock'
import type { Announcement } from '#local/running'
import { announcementOf, startLocalStack } from '#local/start'
import { booksOf } from './books.ts'
import { Caller, until } from './caller.ts'
import { type Checkout, checkout, notices, type Payment, payment, paymentDetail, subscription } from './views.ts'

/** How a customer pays on the provider's page. */
export interface Paying {
  card?: string
  saveMethod?: boolean
  outcome?: 'success' | 'fail' | 'lost_callback'
}

/** The clock ticks until it is stopped; the stack is started so far ahead that it can then be set to the very instant. */
const startAheadMs = 3_600_000

/** A customer of the product, or a visitor: buys, pays on the provider's page, and reads what came of it. */
export class Customer extends Caller {
  readonly accountId: string
  readonly #stage: Stage

  constructor(stage: Stage, accountId: string, credential: string, base = '/v1/me') {
    super(stage.stack.apiUrl, credential, base)
    this.accountId = accountId
    this.#stage = stage
  }

  /** The same account, as the product's server sees it. */
  get server(): Caller {
    const { apiUrl, apiKey } = this.#stage.stack
    return new Caller(apiUrl, apiKey, `/v1/accounts/${this.accountId}`)
  }

  /** Pays an order on the provider's page; answers what the browser's library hands to the page. */
  async payOnPage({ provider, providerOrderId }: Pick<Checkout, 'provider' | 'providerOrderId'>, paying: Paying = {}) {
    if (provider === null) throw new Error('nothing is to be paid')
    const answer = await fetch(`${this.#stage.stack.providers[provider]}/_fake/pay`, {
      method: 'POST',
      body: JSON.stringify({ orderId: providerOrderId, outcome: 'success', ...paying }),
    })
    return z.parse(z.record(z.string(), z.unknown()), await answer.json())
  }

  /** Pays an order on the provider's page, and verifies what the page was handed. */
  async pay(
    order: Pick<Checkout, 'provider' | 'providerOrderId' | 'paymentId'>,
    paying: Paying = {},
  ): Promise<Payment> {
    const handed = await this.payOnPage(order, paying)
    return this.post('/payments/verify', { paymentId: order.paymentId, ...handed }, payment)
  }

  /** Buys at the checkout and pays; the payment is settled when this answers. */
  async buy(what: Record<string, unknown>, paying: Paying = {}): Promise<Payment> {
    const order = await this.post('/checkout', what, checkout)
    const paid = await this.pay(order, paying)
    assert.deepEqual([paid.id, paid.status, paid.amount], [order.paymentId, 'completed', order.amount])
    return paid
  }

  /** Pays what a change of plan asks for. */
  async payFor({ payment: asked }: { payment: Payment | null }, paying: Paying = {}): Promise<Payment> {
    if (!asked) throw new Error('nothing is to be paid')
    return this.pay({ ...asked, paymentId: asked.id }, paying)
  }

  subscription(): Promise<z.output<typeof subscription>> {
    return this.get('/subscription', subscription)
  }

  /** A payment with its documents, once all of them are numbered. */
  async numbered(paymentId: string): Promise<z.output<typeof paymentDetail>> {
    return until(
      () => this.server.get(`/payments/${paymentId}`, paymentDetail),
      ({ documents }) => documents.length > 0 && documents.every(({ number }) => number !== null),
    )
  }

  /** The text of an invoice, or of a refund's credit note, as a reader of PDFs finds it. */
  async pdf(paymentId: string, refundId?: string): Promise<string> {
    await this.numbered(paymentId)
    const query = refundId === undefined ? '' : `?document=credit_note&refundId=${refundId}`
    const answer = await this.send('GET', `/payments/${paymentId}/invoice${query}`)
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/pdf'])
    const { text } = await extractText(new Uint8Array(await answer.arrayBuffer()), { mergePages: true })
    return text
  }

  /** Waits until the customer was told of each of these. */
  async told(...kinds: string[]): Promise<void> {
    const told = () => this.server.get('/notices?limit=100', notices)
    const missing = (seen: z.output<typeof notices>) =>
      kinds.filter((kind) => !seen.data.some((one) => one.kind === kind))
    const seen = await until(told, (all) => missing(all).length === 0)
    assert.deepEqual(missing(seen), [], 'notices that did not come')
  }
}

/** A whole local stack with one reference product, its clock standing until it is turned. */
export class Stage {
  readonly stack: Announcement
  readonly staff: Caller
  readonly startedAt: string
  readonly #stop: () => Promise<void>

  constructor(stack: Announcement, startedAt: string, stop: () => Promise<void>) {
    this.stack = stack
    this.startedAt = startedAt
    this.staff = new Caller(stack.apiUrl, stack.adminToken, '/v1/admin')
    this.#stop = stop
  }

  /** An account the product's server makes, and the login of its customer. */
  async customer(accountId: string, account: Record<string, unknown> = {}): Promise<Customer> {
    const email = `${accountId}@example.com`
    const answer = await fetch(`${this.stack.authUrl}/token`, {
      method: 'POST',
      body: JSON.stringify({ sub: accountId, email }),
    })
    const { token } = z.parse(z.object({ token: z.string() }), await answer.json())
    const customer = new Customer(this, accountId, token)
    await customer.server.ask('PUT', '', z.unknown(), { email, name: accountId, ...account })
    return customer
  }

  /** Turns the clock and waits until it is there; nothing that was due on the way may be left behind. */
  async turn(...words: ['advance' | 'set', string] | ['freeze']): Promise<void> {
    const line = await turnClock(words, this.stack, () => undefined)
    assert.doesNotMatch(line, /did not move/)
  }

  /** What every story ends with: see `booksOf`; and every account's ledger adds up, as `npm run audit:ledger` says. */
  async books(): ReturnType<typeof booksOf> {
    const books = await booksOf(this.staff, this.startedAt)
    const { tableName, dynamodbUrl } = this.stack
    const env = { ...process.env, TABLE_NAME: tableName, DYNAMODB_ENDPOINT: dynamodbUrl, AWS_REGION: 'us-east-1' }
    const { stdout } = await promisify(execFile)(process.execPath, ['local/cli/auditLedger.ts'], { env })
    assert.match(stdout, /every ledger adds up to its balance/)
    return books
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}

/**
 * Starts the local stack with a reference product and stops its clock.
 * @param startedAt ISO 8601, where the clock starts.
 */
export async function openStage(catalogue: string, startedAt: string): Promise<Stage> {
  const logs = mkdtempSync(join(tmpdir(), `faregate-story-${catalogue}-`))
  const stack = await startLocalStack({ catalogue, empty: true, logs, startMs: Date.parse(startedAt) - startAheadMs })
  const stop = async () => {
    await stack.stop()
    rmSync(logs, { recursive: true, force: true })
  }
  const stage = new Stage(announcementOf(stack), startedAt, stop)
  await stage.turn('freeze')
  await stage.turn('set', startedAt)
  return stage
}
