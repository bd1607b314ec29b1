import { describe, expect, it } from 'vitest'
import { operations } from '#operations/index'
import { staleGoldens } from '#test/support/goldens'
import { openapi, openapiText } from '#test/support/openapi'
import { lintOpenapi } from '#test/support/openapiLint'
import * as operationRules from './operationRules.ts'
import { allSources } from './sources.ts'
import * as textRules from './textRules.ts'

const sources = allSources()

describe('the house', () => {
  it('is looked at whole', () => {
    expect(sources.length).toBeGreaterThan(150)
    expect(operations.length).toBeGreaterThan(30)
  })

  it.each(Object.entries(textRules))('keeps the rule %s', (_name, rule) => {
    expect(rule(sources)).toEqual([])
  })

  it.each(Object.entries(operationRules))('keeps the rule %s', (_name, rule) => {
    expect(rule(operations, sources)).toEqual([])
  })

  it('has fresh goldens (stale? npm run goldens)', async () => {
    expect(await staleGoldens()).toEqual([])
  })

  it('publishes an OpenAPI document that Redocly’s recommended rules accept', async () => {
    expect(await lintOpenapi(openapiText())).toEqual([])
    expect(await lintOpenapi(openapiText().replace('"operationId": "check"', '"operationId": "check it"'))).not.toEqual(
      [],
    )
    const ids = Object.values(openapi().paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })
})
