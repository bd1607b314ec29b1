import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/showDocs'
import { showDocs } from '#operations/operation'
import { invoke, testDeps } from '#test/support/deps'
import { openapi } from '#test/support/openapi'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('showDocs', () => {
  it('200 shows every operation of the document once, and leads to it', async () => {
    const { status, body, headers } = await invoke(showDocs, run, deps)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    const ids = Object.values(openapi().paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    )
    for (const id of ids) {
      expect(body.split(`id="${id}"`)).toHaveLength(2)
      expect(body).toContain(`href="#${id}"`)
    }
  })

  it('200 needs nothing from elsewhere: no script, no address outside, one style sheet that its policy allows', async () => {
    const { body, headers } = await invoke(showDocs, run, deps)
    expect(body).not.toMatch(/<script|<img|<link|<iframe|https?:\/\//)
    expect(headers['content-security-policy']).toContain("default-src 'none'; style-src 'unsafe-inline'")
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  it('200 is well-formed: every element that opens closes, in order', async () => {
    const { body } = await invoke(showDocs, run, deps)
    const open: string[] = []
    for (const [, slash, name = ''] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (name === 'meta') continue
      if (slash) expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
  })
})
