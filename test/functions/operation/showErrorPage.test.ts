import { afterAll, describe, expect, it } from 'vitest'
import { codes } from '#errors/codes'
import { run } from '#functions/operation/showErrorPage'
import { showErrorPage } from '#operations/operation'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const show = (code: string) => invoke(showErrorPage, run, deps, { params: { code }, address: code })

describe('showErrorPage', () => {
  it.each(Object.keys(codes))('200 a page for %s', async (code) => {
    const answer = await show(code)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body).toContain(code)
  })

  it.each(['no_such_code', 'constructor'])('404 for %s', async (code) => {
    expect(await show(code)).toMatchObject({ status: 404, code: 'not_found' })
  })

  it.each(['../codes', 'NOT_FOUND', 'x'.repeat(41)])('400 for %s', async (code) => {
    expect(await show(code)).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
