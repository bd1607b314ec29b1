import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/webhooks/replayDeadWebhooks'
import { replayDeadWebhooks } from '#operations/webhooks'
import { auditRows, takeSent } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'
import { deliver, stored, stripeEvent, work } from '#test/support/webhooks'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const replay = (body: Record<string, unknown>, key?: string) =>
  invoke(replayDeadWebhooks, run, deps, { body, ...(key !== undefined && { key }) })

/** Events that cannot be read, one a second. */
async function failed(ids: string[]): Promise<void> {
  for (const id of ids) {
    await deliver(deps, 'stripe', stripeEvent(id, 'payment_intent.succeeded', { id: 7 }))
    deps.clock.advance(1_000)
  }
  await work(deps)
}

describe('replayDeadWebhooks', () => {
  it('202 replays the oldest fifty and says that there are more, until none is left', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `evt_${String(n).padStart(2, '0')}`)
    await failed(ids)
    const first = await replay({ status: 'failed' }, 'first')
    expect(first).toMatchObject({ status: 202, body: { replayed: 50, more: true } })
    const sent = takeSent(deps, 'webhook').map((message) => String(Reflect.get(Object(message), 'eventKey')))
    expect(sent).toEqual(ids.slice(0, 50))
    expect(await stored(deps, 'stripe', 'evt_00')).toMatchObject({ status: 'received', attempts: 0 })
    expect(await stored(deps, 'stripe', 'evt_50')).toMatchObject({ status: 'failed' })
    expect(await replay({ status: 'failed' }, 'first')).toMatchObject({ replayed: true, body: { replayed: 50 } })
    expect(takeSent(deps, 'webhook')).toEqual([])
    expect((await replay({ status: 'failed' })).body).toEqual({ replayed: 10, more: false })
    expect((await replay({ status: 'failed' })).body).toEqual({ replayed: 0, more: false })
    expect(await auditRows(deps, first.headers['x-request-id'] ?? '')).toMatchObject([
      { action: 'replayDeadWebhooks', after: { status: 'failed', replayed: 50 } },
    ])
    takeSent(deps, 'webhook')
  })

  it('202 by provider and status alone', async () => {
    await failed(['evt_only'])
    expect((await replay({ status: 'failed', provider: 'razorpay' })).body).toEqual({ replayed: 0, more: false })
    expect((await replay({ status: 'dead' })).body).toEqual({ replayed: 0, more: false })
    expect((await replay({ status: 'failed', provider: 'stripe' })).body).toEqual({ replayed: 1, more: false })
    takeSent(deps, 'webhook')
  })

  it('202 twice at once replays each event once', async () => {
    await failed(['evt_a', 'evt_b', 'evt_c'])
    const answers = await Promise.all([replay({ status: 'failed' }), replay({ status: 'failed' })])
    expect(answers.reduce((sum, { body }) => sum + body.replayed, 0)).toBe(3)
    expect(takeSent(deps, 'webhook')).toHaveLength(3)
  })

  it('400 for a status that waits for nobody', async () => {
    expect(await replay({ status: 'processed' })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 for whoever is no ADMIN', async () => {
    const call = { body: { status: 'dead' }, subject: 'somebody' }
    expect(await invoke(replayDeadWebhooks, run, deps, call)).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
