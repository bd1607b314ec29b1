import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
const live = await testDeps({ now: '2026-03-10T12:00:00.000Z', mode: 'live' })
afterAll(() => Promise.all([deps.stop(), live.stop()]))

describe('getClock', () => {
  it('200 with the business time of this deployment', async () => {
    expect(await callsOf(deps).getClock()).toMatchObject({
      status: 200,
      body: { now: '2026-03-10T12:00:00.000Z', status: 'ready', frozen: false, mode: 'test' },
    })
  })

  it('200 says when it stands still', async () => {
    await callsOf(deps).setClock({ body: { freeze: true } })
    expect((await callsOf(deps).getClock()).body.frozen).toBe(true)
  })

  it('200 in live mode, where no clock is ever frozen', async () => {
    expect((await callsOf(live).getClock()).body).toMatchObject({ mode: 'live', frozen: false })
  })

  it('403 forbidden for a login that is no staff', async () => {
    expect(await callsOf(deps).getClock({ subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
