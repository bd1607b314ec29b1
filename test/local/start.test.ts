import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalStack, startLocalStack } from '#local/start'

const logs = mkdtempSync(join(tmpdir(), 'faregate-start-'))
const startMs = Date.parse('2027-01-31T00:00:00Z')
let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack({ logs, startMs })
})
afterAll(async () => {
  await stack.stop()
  rmSync(logs, { recursive: true, force: true })
})

const ask = (path: string, credential: string, body?: unknown) =>
  fetch(stack.apiUrl + path, {
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })

describe('the deployable stack on a laptop', () => {
  it('answers the first call that it suggests: a check with consume', async () => {
    const { accountId = '', feature = '' } = stack.tryout ?? {}
    const answer = await ask(`/v1/accounts/${accountId}/check`, stack.apiKey, { feature, consume: true })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ allowed: true, feature, used: 1 })
  })

  it('lets each demo customer in with its own token', async () => {
    expect(stack.customers.length).toBeGreaterThan(0)
    for (const { accountId, token } of stack.customers) {
      expect(await (await ask('/v1/me', token)).json()).toMatchObject({ id: accountId })
    }
  })

  it('stands at the instant asked for', async () => {
    const { now } = Object(await (await ask('/v1/admin/clock', stack.adminToken)).json())
    expect(Date.parse(now) - startMs).toBeGreaterThanOrEqual(0)
    expect(Date.parse(now) - startMs).toBeLessThan(120_000)
  })

  it('fires its schedules when staff advance the clock', async () => {
    expect((await ask('/v1/admin/clock', stack.adminToken, { advance: 'P1D' })).status).toBe(200)
    await stack.tick()
    const fired = new Set(readdirSync(logs).map((name) => name.replace(/^.*-|\.log$/g, '')))
    for (const schedule of stack.model.schedules) expect(fired).toContain(schedule.name.replace(/^.*-/, ''))
  })
})
