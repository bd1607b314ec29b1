import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/showDocs'
import { httpOperations } from '#operations/index'
import { showDocs } from '#operations/operation'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('showDocs', () => {
  it('200 a page that names every operation, under a policy that lets no script run', async () => {
    const answer = await invoke(showDocs, run, deps)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.headers['content-security-policy']).not.toContain('script-src')
    expect(/<script|https?:\/\/[^"]*\.(js|css)/.test(answer.body)).toBe(false)
    const routes = httpOperations.flatMap((operation) => operation.routes)
    expect(routes.filter((route) => !answer.body.includes(`<code>${route}</code>`))).toEqual([])
  })
})
