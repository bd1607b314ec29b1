import { extractText, getDocumentProxy } from 'unpdf'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/getInvoice'
import { getInvoice } from '#operations/paymentHistory'
import { applyDispute } from '#runtime/disputeFact'
import { numberSeries } from '#runtime/invoiceNumbers'
import { applyRefund } from '#runtime/refundFact'
import { type Invocation, invoke, strangerId, testDeps } from '#test/support/deps'
import { made, put, putInvoice } from './historySupport.ts'
import { call, paid, refundAnswer, refundCall, scriptRefunds } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const get = (account: string, paymentId: string, query: Record<string, string> = {}, call: Invocation = {}) =>
  invoke(getInvoice, run, deps, { account, params: { paymentId }, query, ...call })
const number = async () => {
  await numberSeries(deps, 'INV-2026')
  await numberSeries(deps, 'CN-2026')
}
const textOf = async (bytes: Uint8Array) => {
  const { text } = await extractText(await getDocumentProxy(bytes), { mergePages: true })
  return text
}

/** A payment with a refund, both with their documents. */
async function refunded() {
  const script = scriptRefunds(deps)
  script.answer = (request) => refundAnswer(request, { status: 'processed' })
  const payment = await paid(deps, 'item')
  const refund = (await refundCall(deps, payment, { body: { amount: 300 } })).body
  return { payment, creditNote: { document: 'credit_note', refundId: refund.id } }
}

describe('getInvoice', () => {
  it('200 the numbered invoice as a PDF that says whose it is, what for and how much', async () => {
    const payment = await paid(deps, 'item')
    await number()
    const answer = await get(payment.accountId, payment.id)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': expect.stringMatching(/^attachment; filename="INV-2026-\d{6}\.pdf"$/),
      'cache-control': 'private, no-store',
    })
    const text = await textOf(answer.body)
    expect(text).toMatch(/INV-2026-\d{6}/)
    expect(text).toContain('a@example.com')
    expect(text).toContain('7.00')
  })

  it('200 the same bytes each time', async () => {
    const payment = await paid(deps, 'item')
    await number()
    const [one, two] = [await get(payment.accountId, payment.id), await get(payment.accountId, payment.id)]
    expect(Buffer.from(one.body).equals(Buffer.from(two.body))).toBe(true)
  })

  it('200 the credit note of a refund names the invoice that it reduces by its number', async () => {
    const { payment, creditNote } = await refunded()
    await number()
    const invoiceNumber = /filename="(.+)\.pdf"/.exec(
      (await get(payment.accountId, payment.id)).headers['content-disposition'] ?? '',
    )?.[1]
    const answer = await get(payment.accountId, payment.id, creditNote)
    expect(answer.headers['content-disposition']).toMatch(/filename="CN-2026-\d{6}\.pdf"/)
    const text = await textOf(answer.body)
    expect(text).toContain(invoiceNumber)
    expect(text).toContain('3.00')
  })

  it('200 the credit note of a lost dispute names the dispute', async () => {
    const payment = await paid(deps, 'item')
    const lost = { disputeId: 'dp_1', amountMinor: 300, currency: 'USD', state: 'lost' as const, at: deps.clock.now() }
    await applyDispute(deps, { accountId: payment.accountId, paymentId: payment.id }, lost, call)
    await number()
    const answer = await get(payment.accountId, payment.id, { document: 'credit_note', disputeId: 'dp_1' })
    const text = await textOf(answer.body)
    for (const shown of ['dp_1', 'Lost in a dispute', '3.00']) expect(text).toContain(shown)
  })

  it.each(['account', 'staff'] as const)(
    '200 what takes a note back names it and its refund or dispute: to %s',
    async (who) => {
      const { payment, creditNote } = await refunded()
      const at = { accountId: payment.accountId, paymentId: payment.id }
      const { refundId } = creditNote
      const word = { providerPaymentId: payment.providerPaymentId ?? '', refundId, amountMinor: 300 }
      await applyRefund(deps, at, { ...word, state: 'failed' }, call)
      const disputeId = 'dp_won'
      const dispute = { disputeId, amountMinor: 200, currency: 'USD', at: deps.clock.now() }
      await applyDispute(deps, at, { ...dispute, state: 'lost' }, call)
      await applyDispute(deps, at, { ...dispute, state: 'won', at: dispute.at + 1 }, call)
      await number()
      const read = (query: Record<string, string>) =>
        who === 'staff'
          ? get('', payment.id, query, { as: 'staff', params: { accountId: payment.accountId, paymentId: payment.id } })
          : get(payment.accountId, payment.id, query)
      const numberIn = ({ headers }: Awaited<ReturnType<typeof read>>) =>
        /filename="(.+)\.pdf"/.exec(headers['content-disposition'] ?? '')?.[1]
      for (const [about, words] of [
        [{ refundId }, ['Refund returned', refundId, '3.00']],
        [{ disputeId }, ['Dispute won', disputeId, '2.00']],
      ] as const) {
        const note = numberIn(await read({ document: 'credit_note', ...about }))
        const answer = await read({ document: 'invoice', ...about })
        expect(numberIn(answer)).toMatch(/^INV-2026-\d{6}$/)
        const text = await textOf(answer.body)
        for (const shown of [...words, 'Takes back', note]) expect(text).toContain(shown)
      }
      expect(await textOf((await read({})).body)).not.toContain('Takes back')
    },
  )

  it('409 conflict with Retry-After until there is a number', async () => {
    const { payment, creditNote } = await refunded()
    const early = await get(payment.accountId, payment.id)
    expect(early).toMatchObject({ status: 409, code: 'conflict' })
    expect(early.headers['retry-after']).toBe('2')
    await numberSeries(deps, 'CN-2026')
    // The credit note has its number, the invoice that it would name has not.
    expect(await get(payment.accountId, payment.id, creditNote)).toMatchObject({ status: 409, code: 'conflict' })
    await number()
    expect((await get(payment.accountId, payment.id, creditNote)).status).toBe(200)
  })

  it('404 for a payment without an invoice, and for a refund of nothing', async () => {
    const account = await made(deps, 'i-pending')
    const { id } = await put(deps, account, { status: 'pending' })
    expect(await get(account, id)).toMatchObject({ status: 404, code: 'not_found' })
    const query = { document: 'credit_note', refundId: strangerId('rfd') }
    const payment = await put(deps, account)
    await putInvoice(deps, payment)
    for (const document of ['credit_note', 'invoice'])
      expect(await get(account, payment.id, { ...query, document })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('404 for another account’s payment, with the same body as for one that nobody has', async () => {
    const payment = await paid(deps, 'item')
    await number()
    await made(deps, 'i-thief')
    const others = await get('i-thief', payment.id)
    const nobodys = await get('i-thief', strangerId('fpay'))
    expect(others).toMatchObject({ status: 404, code: 'not_found' })
    const plain = ({ body }: typeof others) => ({ ...body, requestId: '', instance: '' })
    expect(plain(others)).toEqual(plain(nobodys))
  })

  it.each([
    ['a credit note of no refund', { document: 'credit_note' }],
    ['an invoice of both', { refundId: strangerId('rfd'), disputeId: 'dp_1' }],
    ['one of both', { document: 'credit_note', refundId: strangerId('rfd'), disputeId: 'dp_1' }],
    ['an unknown document', { document: 'receipt' }],
  ])('400 for %s', async (_name, query: Record<string, string>) => {
    expect(await get('i-thief', strangerId('fpay'), query)).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
