import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { codes, isErrorCode } from '#errors/codes'
import { httpOperations } from '#operations/index'
import { openapiDocument } from '#operations/openapi/document'
import { errorPage } from '#operations/pages/errorPage'
import { referencePage } from '#operations/pages/reference'

/**
 * Puts the OpenAPI document and the pages into the bundles that answer them, ready made, in place of the module that
 * would make them: a bundle carries text, and neither every schema of the API nor what turns them into text.
 */
export function publishedPages(root: string): Plugin {
  const replaced = join(root, 'shared', 'runtime', 'published.ts')
  return {
    name: 'published-pages',
    setup(build) {
      build.onLoad({ filter: /published\.ts$/ }, async ({ path }) =>
        path === replaced ? { contents: await publishedModule(root), loader: 'js' } : undefined,
      )
    },
  }
}

/** Each export holds its own text inside, so that a bundle keeps only what it uses. */
async function publishedModule(root: string): Promise<string> {
  const document = openapiDocument(httpOperations)
  const names = Object.keys(codes).filter(isErrorCode)
  const pages = await Promise.all(
    names.map(async (code) => [
      code,
      errorPage(code, await readFile(join(root, 'docs', 'errors', `${code}.md`), 'utf8')),
    ]),
  )
  return [
    `export const openapiDocumentText = async () => ${JSON.stringify(JSON.stringify(document))}`,
    `export const referencePageHtml = async () => ${JSON.stringify(referencePage(document))}`,
    `export const errorPageHtml = async (code) => (${JSON.stringify(Object.fromEntries(pages))})[code]`,
  ].join('\n')
}
