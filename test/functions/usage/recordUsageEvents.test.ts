import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { getCredits, getUsage, grantPlan, putAccount, recordUsage } = callsOf(deps)

/** An account with 100 reports and 1,000 credits. */
const made = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
  return account
}
const event = (id: string, data: object = {}) => ({
  specversion: '1.0',
  id,
  source: '/jobs',
  type: 'report.made',
  data: { feature: 'reports', ...data },
})
const send = (account: string, body: object, key?: string) => {
  const contentType = Array.isArray(body) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json'
  return recordUsage({ account, contentType, body, ...(key !== undefined && { key }) })
}
const linesOf = (answer: { body: object }) => {
  const results: unknown = Reflect.get(answer.body, 'results')
  if (!Array.isArray(results)) throw new Error('the answer has no lines')
  return results
}
const used = async (account: string, feature = 'reports') =>
  (await getUsage({ account })).body.data.find((one) => one.feature === feature)?.used

describe('recordUsage, CloudEvents', () => {
  it('201 counts once for source and id, whatever key comes with it, alone or in a batch', async () => {
    const account = await made('v-one')
    const first = await send(account, event('1'))
    expect(first).toMatchObject({ status: 201, body: { used: 1 } })
    expect(await send(account, event('1'), 'a key')).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect(linesOf(await send(account, [event('1'), event('2')]))).toMatchObject([
      { id: '1', source: '/jobs', status: 201, usage: first.body },
      { id: '2', status: 201, usage: { used: 2 } },
    ])
    expect(await used(account)).toBe(2)
  })

  it('422 for the same source and id with other content', async () => {
    const account = await made('v-reused')
    await send(account, event('1'))
    expect(await send(account, event('1', { quantity: 2 }))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await used(account)).toBe(1)
  })

  it('201 with a line for each event, in their order, each on its own merits', async () => {
    const account = await made('v-lines')
    const answer = await send(account, [
      event('a'),
      event('b', { feature: 'image', quantity: 2 }),
      event('a'),
      event('c', { feature: 'nothing' }),
      event('d', { feature: 'image', quantity: 1_000 }),
      event('e', { quantity: 4 }),
      event('a', { quantity: 9 }),
    ])
    expect(answer.status).toBe(201)
    expect(linesOf(answer)).toMatchObject([
      { id: 'a', status: 201, usage: { feature: 'reports' } },
      { id: 'b', status: 201, usage: { feature: 'image', used: 2 } },
      { id: 'a', status: 201 },
      { id: 'c', status: 400, code: 'validation_failed' },
      { id: 'd', status: 402, code: 'insufficient_credits' },
      { id: 'e', status: 201, usage: { used: 5 } },
      { id: 'a', status: 422, code: 'idempotency_key_reused' },
    ])
    expect(await used(account)).toBe(5)
    expect((await getCredits({ account })).body.balance).toBe(990)
  })

  it('201 counts each event in the window of its own time', async () => {
    const account = await made('v-back')
    const at = (id: string, time: string) => ({ ...event(id), time })
    const answer = await send(account, [
      at('1', '2026-02-20T00:00:00Z'),
      at('2', '2026-03-01T00:00:00Z'),
      at('3', '2026-03-11T00:00:00Z'),
    ])
    expect(linesOf(answer)).toMatchObject([
      { status: 201, usage: { used: 1, resetsAt: '2026-03-01T00:00:00.000Z' } },
      { status: 201, usage: { used: 1, resetsAt: '2026-04-01T00:00:00.000Z' } },
      { status: 400, code: 'validation_failed' },
    ])
    expect(await used(account)).toBe(1)
  })

  it('201 a batch of 100 sent twice counts 100', async () => {
    const account = await made('v-hundred')
    const batch = Array.from({ length: 100 }, (_, at) => event(String(at)))
    const first = linesOf(await send(account, batch))
    const second = linesOf(await send(account, batch))
    expect(first.every((line) => line.status === 201)).toBe(true)
    expect(second).toEqual(first)
    expect(await used(account)).toBe(100)
  })

  it('201 lets through what fits and refuses the rest, at the limit exactly', async () => {
    const account = 'v-limit'
    await putAccount({ account, body: { email: 'a@example.com' } })
    const lines = linesOf(
      await send(
        account,
        [1, 2, 3, 4, 5].map((id) => event(String(id))),
      ),
    )
    expect(lines.map(({ status }) => status)).toEqual([201, 201, 201, 403, 403])
    expect(lines[3]).toMatchObject({ code: 'usage_limit_reached' })
    expect(await used(account)).toBe(3)
  })

  it.each([
    ['an empty batch', []],
    ['101 events', Array.from({ length: 101 }, (_, at) => event(String(at)))],
    ['an event of another version', [{ ...event('1'), specversion: '0.3' }]],
    ['an event without a source', [{ specversion: '1.0', id: '1', type: 't', data: { feature: 'reports' } }]],
  ])('400 for %s, whole', async (_name, batch) => {
    const account = await made('v-invalid')
    expect(await send(account, batch)).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await used(account)).toBe(0)
  })

  it('404 for an account that nobody made', async () => {
    expect(await send('nobody', [event('1')])).toMatchObject({ status: 404, code: 'not_found' })
  })
})
