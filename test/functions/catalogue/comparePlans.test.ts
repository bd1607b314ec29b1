import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ product: 'cv-builder' })
afterAll(() => deps.stop())
const { comparePlans } = callsOf(deps)

describe('comparePlans', () => {
  it('200 with a row for each feature and a column for each public plan', async () => {
    const answer = await comparePlans()
    expect(answer).toMatchObject({ status: 200, body: { name: 'cv-builder', currency: 'GHS' } })
    expect(answer.body.columns.map(({ planId }) => planId)).toEqual(['basic', 'pro', 'premium'])
    const table = answer.body.rows.map(({ feature, cells }) => [feature, ...cells.map(({ value }) => value)])
    expect(table).toEqual([
      ['cv_generation', 2, 'unlimited', 'unlimited'],
      ['cover_letter', 1, 10, 'unlimited'],
      ['ai_optimization', 0, 3, 'unlimited'],
      ['edit', 10, 'unlimited', 'unlimited'],
      ['export', 2, 'unlimited', 'unlimited'],
      ['templates', 'basic', 'all', 'all'],
    ])
    const optimization = answer.body.rows.find(({ feature }) => feature === 'ai_optimization')
    expect(optimization?.cells.map(({ included }) => included)).toEqual([false, true, true])
  })

  it('429 beyond the quota of public routes', async () => {
    const answers = []
    for (let count = 0; count < 115; count++) answers.push(await comparePlans({ address: '198.51.100.9' }))
    expect(answers.at(-1)).toMatchObject({ status: 429, code: 'rate_limited' })
  })
})
