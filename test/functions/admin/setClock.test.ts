import { afterAll, describe, expect, it } from 'vitest'
import { clockAt } from '#domain/testClock'
import { clockKey } from '#table/keys'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
const live = await testDeps({ mode: 'live' })
afterAll(() => Promise.all([deps.stop(), live.stop()]))
const { setClock } = callsOf(deps)

/** What the next invocation's clock will show, `ahead` milliseconds of real time from now. */
const shown = async (ahead = 0) => clockAt(await deps.table.get(clockKey()), deps.clock.real() + ahead)
const year = 366 * 86_400_000

describe('setClock', () => {
  it('200 sets it, and it ticks on from there', async () => {
    const answer = await setClock({ body: { now: '2030-01-31T10:00:00+02:00' } })
    expect(answer).toMatchObject({
      status: 200,
      body: { now: '2030-01-31T08:00:00.000Z', status: 'ready', frozen: false, mode: 'test' },
    })
    const at = Date.parse('2030-01-31T08:00:00.000Z')
    const seen = await shown(60_000)
    expect(seen - at).toBeGreaterThanOrEqual(60_000)
    expect(seen - at).toBeLessThan(75_000)
  })

  it('200 advances it by a duration, on the calendar', async () => {
    await setClock({ body: { now: '2031-01-31T08:00:00Z', freeze: true } })
    expect((await setClock({ body: { advance: 'P1M' } })).body).toMatchObject({
      now: '2031-02-28T08:00:00.000Z',
      frozen: true,
    })
  })

  it('200 frozen it stands still; let go it ticks on from where it stood', async () => {
    const { now } = (await setClock({ body: { freeze: true } })).body
    expect(await shown(year)).toBe(Date.parse(now))
    const going = await setClock({ body: { freeze: false } })
    expect(going.body).toMatchObject({ frozen: false, now })
    expect(await shown(year)).toBeGreaterThanOrEqual(Date.parse(now) + year)
  })

  it('200 again for the same key: one step; 422 for another body', async () => {
    await setClock({ body: { freeze: true } })
    const asked = { body: { advance: 'P1D' }, key: 'k', headers: { 'x-request-id': 'req-step' } }
    const first = await setClock(asked)
    expect(await setClock(asked)).toMatchObject({ status: 200, replayed: true, body: first.body })
    expect(await setClock({ ...asked, body: { advance: 'P2D' } })).toMatchObject({ status: 422 })
    expect(await shown()).toBe(Date.parse(first.body.now))
    expect(await auditRows(deps, 'req-step')).toMatchObject([
      { action: 'setClock', entityType: 'clock', after: { now: first.body.now } },
      { action: 'setClock', status: 422 },
    ])
  })

  it('409 conflict for a turn back in time, and in live mode', async () => {
    const before = await shown()
    expect(await setClock({ body: { now: '2020-01-01T00:00:00Z' } })).toMatchObject({ status: 409, code: 'conflict' })
    expect(await shown()).toBe(before)
    const refused = await callsOf(live).setClock({ body: { advance: 'P1D' } })
    expect(refused).toMatchObject({ status: 409, code: 'conflict' })
    expect(await live.table.get(clockKey())).toBeUndefined()
  })

  it.each([
    {},
    { advance: 'P1D', now: '2099-01-01T00:00:00Z' },
    { advance: 'soon' },
    { now: '2200-01-02T00:00:00Z' },
    { now: 'tomorrow' },
    { freeze: 'yes' },
  ])('400 for %j', async (body) => {
    expect(await setClock({ body })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 forbidden for a login that is no staff', async () => {
    expect(await setClock({ body: { advance: 'P1D' }, subject: 'somebody' })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
  })
})
