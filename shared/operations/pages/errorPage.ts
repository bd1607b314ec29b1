import { codes, type ErrorCode } from '#errors/codes'
import { escapeHtml, pageHtml } from './html.ts'
import { markdownToHtml, titleOf } from './markdown.ts'

/** The page of an error code, from its Markdown; the status comes from the registry, so no page can contradict it. */
export function errorPage(code: ErrorCode, markdown: string): string {
  const { status } = codes[code]
  const facts = `<p class="soft">HTTP ${status} · <code>${escapeHtml(code)}</code> · <a href="/docs">All of the API</a></p>`
  return pageHtml(`${titleOf(markdown)} – Faregate`, `${markdownToHtml(markdown)}\n${facts}`)
}
