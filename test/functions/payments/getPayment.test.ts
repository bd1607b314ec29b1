import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/getPayment'
import { getPayment } from '#operations/paymentHistory'
import { numberSeries } from '#runtime/invoiceNumbers'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { made, put } from './historySupport.ts'
import { paid, refundAnswer, refundCall, scriptRefunds } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const get = (account: string, paymentId: string, call: Invocation = {}) =>
  invoke(getPayment, run, deps, { account, params: { paymentId }, ...call })

describe('getPayment', () => {
  it('200 with the invoice once it is numbered, and without a number until then', async () => {
    const payment = await paid(deps, 'item')
    const before = (await get(payment.accountId, payment.id)).body
    expect(before).toMatchObject({
      id: payment.id,
      status: 'completed',
      amount: 700,
      currency: 'USD',
      invoiceId: expect.stringMatching(/^inv_/),
      invoiceNumber: null,
      refunds: [],
      documents: [{ kind: 'invoice', number: null, refundId: null, total: 700, issuedOn: '2026-03-10' }],
    })
    await numberSeries(deps, 'INV-2026')
    const after = (await get(payment.accountId, payment.id)).body
    expect(after).toMatchObject({ invoiceId: before.invoiceId, invoiceNumber: 'INV-2026-000001' })
  })

  it('200 with its refunds and their credit notes', async () => {
    const payment = await paid(deps, 'item')
    const script = scriptRefunds(deps)
    script.answer = (request) => refundAnswer(request, { status: 'processed' })
    const refund = (await refundCall(deps, payment, { body: { amount: 300, reason: 'Half of it was missing' } })).body
    const { body } = await get(payment.accountId, payment.id)
    expect(body).toMatchObject({
      status: 'partially_refunded',
      refunded: 300,
      refundable: 400,
      refunds: [{ id: refund.id, status: 'processed', amount: 300, reason: 'Half of it was missing' }],
    })
    expect(body.documents.map(({ kind, refundId }) => [kind, refundId])).toEqual([
      ['invoice', null],
      ['credit_note', refund.id],
    ])
    expect(body.refunds[0]?.creditNoteId).toBe(body.documents[1]?.id)
  })

  it('200 a payment that failed says why, and has no invoice', async () => {
    const account = await made(deps, 'g-failed')
    const attempt = { state: 'failed' as const, at: deps.clock.now(), code: 'card_declined', reason: 'Declined' }
    const { id } = await put(deps, account, { status: 'failed', progress: 'failed', attempt })
    expect((await get(account, id)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'card_declined', reason: 'Declined' },
      invoiceId: null,
      invoiceNumber: null,
      documents: [],
    })
  })

  it('404 for another account’s payment, with the same body as for one that nobody has', async () => {
    const payment = await paid(deps, 'item')
    await made(deps, 'g-thief')
    const others = await get('g-thief', payment.id)
    const nobodys = await get('g-thief', strangerId('fpay'))
    expect(others).toMatchObject({ status: 404, code: 'not_found' })
    const plain = ({ body }: typeof others) => ({ ...body, requestId: '', instance: '' })
    expect(plain(others)).toEqual(plain(nobodys))
  })

  it('400 for what is no payment’s id', async () => {
    expect(await get('g-thief', 'pay_1')).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
