import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/getOpenapi'
import { httpOperations } from '#operations/index'
import { getOpenapi } from '#operations/operation'
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
    const answers = []
    for (let count = 0; count < 115; count++) answers.push(await invoke(getOpenapi, run, deps, { address: '::2' }))
    expect(answers.at(-1)).toMatchObject({ status: 429, code: 'rate_limited' })
  })
})
