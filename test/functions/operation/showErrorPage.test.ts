import { afterAll, describe, expect, it } from 'vitest'
import { codes } from '#errors/codes'
import { run } from '#functions/operation/showErrorPage'
import { showErrorPage } from '#operations/operation'
import { markdownToHtml } from '#operations/pages/markdown'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('showErrorPage', () => {
  it.each(Object.entries(codes))('200 explains %s', async (code, { status, title }) => {
    const answer = await invoke(showErrorPage, run, deps, { params: { code }, address: `198.51.100.${status % 250}` })
    expect(answer.status).toBe(200)
    expect(answer.body).toContain(`HTTP ${status} · <code>${code}</code>`)
    expect(answer.body).toContain(`<h1>${title}</h1>`)
    expect(answer.body).toContain('<h2>What to do</h2>')
  })

  it('404 for a code that does not exist, and for a name that objects have', async () => {
    for (const code of ['no_such_code', 'constructor', 'to_string'])
      expect(await invoke(showErrorPage, run, deps, { params: { code } })).toMatchObject({
        status: 404,
        code: 'not_found',
      })
  })

  it('400 for what is no code', async () => {
    for (const code of ['../secret', 'A', ''])
      expect((await invoke(showErrorPage, run, deps, { params: { code } })).status).toBe(400)
  })
})

describe('the Markdown of our pages', () => {
  const cases: [string, string, string][] = [
    ['a heading', '# A', '<h1>A</h1>'],
    ['lines of one paragraph', 'a\nb\n\nc', '<p>a b</p>\n<p>c</p>'],
    ['a list with a long point', '- a\n  b\n- c', '<ul><li>a b</li><li>c</li></ul>'],
    ['code, untouched', '```\n<a> **b**\n\n- c\n```', '<pre tabindex="0"><code>&lt;a&gt; **b**\n\n- c</code></pre>'],
    ['code in a line', 'a `<b> **c**` d', '<p>a <code>&lt;b&gt; **c**</code> d</p>'],
    ['strong', '**a**', '<p><strong>a</strong></p>'],
    ['a link that stays here', '[a](/docs)', '<p><a href="/docs">a</a></p>'],
    ['no other link', '[a](javascript:b)', '<p>[a](javascript:b)</p>'],
    ['no tag of the text’s own', '<script>"&\'', '<p>&lt;script&gt;&quot;&amp;&#39;</p>'],
  ]
  it.each(cases)('renders %s', (_name, markdown, html) => {
    expect(markdownToHtml(markdown)).toBe(html)
  })

  it('refuses a fence that is never closed', () => {
    expect(() => markdownToHtml('```\na')).toThrow('never closed')
  })
})
