import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/webhooks/replayWebhook'
import { replayWebhook } from '#operations/webhooks'
import { webhookEventKey } from '#table/keys'
import { auditRows, takeSent } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'
import { deliver, stored, stripeEvent, work } from '#test/support/webhooks'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const replay = (webhookId: string, key?: string) =>
  invoke(replayWebhook, run, deps, { params: { webhookId }, ...(key !== undefined && { key }) })

/** An event that could not be read. */
async function failed(id: string): Promise<string> {
  await deliver(deps, 'stripe', stripeEvent(id, 'payment_intent.succeeded', { id: 7 }))
  await work(deps)
  expect((await stored(deps, 'stripe', id)).status).toBe('failed')
  return `stripe:${id}`
}

describe('replayWebhook', () => {
  it('202 puts it back to "received", queues it, and says who did', async () => {
    const id = await failed('evt_replay')
    const { status, body, headers } = await replay(id)
    expect(status).toBe(202)
    expect(body).toMatchObject({ id, status: 'received', attempts: 0, processedAt: null, lastError: null })
    expect(takeSent(deps, 'webhook')).toEqual([
      { provider: 'stripe', eventKey: 'evt_replay', requestId: headers['x-request-id'] },
    ])
    const row = await deps.table.get(webhookEventKey('stripe', 'evt_replay'))
    expect(row).toMatchObject({ status: 'received', gsi2pk: expect.stringMatching(/^DUE#/) })
    expect(row).not.toHaveProperty('lastError')
    expect(row).not.toHaveProperty('processedAt')
    expect(await auditRows(deps, headers['x-request-id'] ?? '')).toMatchObject([
      { action: 'replayWebhook', entityId: id, before: { status: 'failed', attempts: 0 } },
    ])
  })

  it('202 again with the same key replays nothing twice', async () => {
    const id = await failed('evt_key')
    const first = await replay(id, 'once')
    takeSent(deps, 'webhook')
    const again = await replay(id, 'once')
    expect(again).toMatchObject({ status: 202, replayed: true, body: first.body })
    expect(takeSent(deps, 'webhook')).toEqual([])
  })

  it('202 for one that was worked off: what it did is not done twice', async () => {
    await deliver(
      deps,
      'stripe',
      stripeEvent('evt_done', 'customer.subscription.updated', { id: 'sub_1', status: 'active' }),
    )
    await work(deps)
    expect((await replay('stripe:evt_done')).status).toBe(202)
    await work(deps)
    expect(await stored(deps, 'stripe', 'evt_done')).toMatchObject({ status: 'ignored', ver: 4 })
  })

  it('404 for an event that is not there, 422 for a key of another replay', async () => {
    expect(await replay('stripe:evt_nowhere')).toMatchObject({ status: 404, code: 'not_found' })
    await replay(await failed('evt_one'), 'shared')
    const other = await failed('evt_two')
    expect(await replay(other, 'shared')).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
  })

  it('403 for whoever is no ADMIN', async () => {
    const call = { params: { webhookId: 'stripe:evt_1' }, subject: 'somebody' }
    expect(await invoke(replayWebhook, run, deps, call)).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
