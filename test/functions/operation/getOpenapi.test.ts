import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/getOpenapi'
import { getOpenapi } from '#operations/operation'
import { invoke, testDeps } from '#test/support/deps'
import { openapi } from '#test/support/openapi'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('getOpenapi', () => {
  it('200 is the document that the goldens hold', async () => {
    const { status, body, headers } = await invoke(getOpenapi, run, deps)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(body).toEqual(JSON.parse(JSON.stringify(openapi())))
  })

  it('400 for a query that it does not know', async () => {
    expect(await invoke(getOpenapi, run, deps, { query: { version: '2' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('429 beyond 100 requests of one address in 15 minutes', async () => {
    const address = '198.51.100.9'
    for (let request = 0; request < 100; request++) await invoke(getOpenapi, run, deps, { address })
    const refused = await invoke(getOpenapi, run, deps, { address })
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})
