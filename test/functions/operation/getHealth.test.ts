import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/getHealth'
import { getHealth } from '#operations/operation'
import { currentCatalogueKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('getHealth', () => {
  it('200 ok while the table answers and a catalogue is there', async () => {
    expect(await callsOf(deps).getHealth()).toMatchObject({
      status: 200,
      body: { status: 'ok', version: 'development', checks: { table: 'ok', catalogue: 'ok' } },
    })
  })

  it('200 degraded while the table fails, without a word of the cause', async () => {
    const table = { ...deps.table, get: () => Promise.reject(new Error('secret cause')) }
    const answer = await invoke(getHealth, run, { ...deps, table }, {})
    expect(answer.body).toMatchObject({ status: 'degraded', checks: { table: 'failed', catalogue: 'failed' } })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
  })

  it('200 degraded before a catalogue has been published', async () => {
    await deps.table.write([{ kind: 'delete', key: currentCatalogueKey(), when: 'unconditional' }])
    expect((await callsOf(deps).getHealth()).body).toMatchObject({
      status: 'degraded',
      checks: { table: 'ok', catalogue: 'failed' },
    })
  })

  it('429 beyond the quota of public routes', async () => {
    const answers = []
    for (let count = 0; count < 115; count++) answers.push(await callsOf(deps).getHealth({ address: '198.51.100.7' }))
    expect(answers.at(-1)).toMatchObject({ status: 429, code: 'rate_limited' })
  })
})
