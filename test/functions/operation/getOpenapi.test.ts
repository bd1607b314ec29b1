import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/getOpenapi'
import { httpOperations } from '#operations/index'
import { getOpenapi } from '#operations/operation'
import { publicPolicy, takeRate } from '#runtime/rate'
import { addressRateKey } from '#table/keys'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('getOpenapi', () => {
  it('200 with the document of every route', async () => {
    const answer = await invoke(getOpenapi, run, deps)
    expect(answer).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\.1/) } })
    const paths = Object.keys(Object(answer.body.paths))
    for (const route of httpOperations.flatMap(({ routes }) => routes))
      expect(paths).toContain(route.slice(route.indexOf(' ') + 1))
  })

  it('429 beyond the quota of public routes', async () => {
    // The document is made anew for each answer here: others have used the quota up.
    const key = addressRateKey('::2', publicPolicy.name)
    while ((await takeRate(deps, key, publicPolicy)).allowed);
    expect(await invoke(getOpenapi, run, deps, { address: '::2' })).toMatchObject({ status: 429, code: 'rate_limited' })
  })
})
