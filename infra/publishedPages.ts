import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { codes, isErrorCode } from '#errors/codes'
import { httpOperations } from '#operations/index'
import { openapiDocument } from '#operations/openapi/document'
import { errorPage } from '#operations/pages/errorPage'
import { referencePage } from '#operations/pages/reference'

/**
 * Puts the OpenAPI document and the pages beside the bundles that answer them, ready made, in place of the module that would
 * make them: a function carries text, and neither every schema of the API nor what turns them into text. They grow with
 * the API, so they are read at the first call and not at start.
 */
export function publishedPages(root: string): Plugin {
  const replaced = join(root, 'shared', 'runtime', 'published.ts')
  return {
    name: 'published-pages',
    setup(build) {
      build.onLoad({ filter: /published\.ts$/ }, ({ path }) =>
        path === replaced ? { contents: onDemand, loader: 'js' } : undefined,
      )
      build.onResolve({ filter: /^published-[a-z]+$/ }, ({ path }) =>
        path in texts ? { path, namespace: 'published' } : undefined,
      )
      build.onLoad({ filter: /.*/, namespace: 'published' }, async ({ path }) => ({
        contents: `export default ${JSON.stringify(await texts[path]?.(root))}`,
        loader: 'js',
      }))
    },
  }
}

const onDemand = [
  "export const openapiDocumentText = async () => (await import('published-openapi')).default",
  "export const referencePageHtml = async () => (await import('published-reference')).default",
  "export const errorPageHtml = async (code) => (await import('published-errors')).default[code]",
].join('\n')

/** What each of these modules exports. */
const texts: Record<string, (root: string) => Promise<unknown>> = {
  'published-openapi': async () => JSON.stringify(openapiDocument(httpOperations)),
  'published-reference': async () => referencePage(openapiDocument(httpOperations)),
  'published-errors': async (root) => {
    const names = Object.keys(codes).filter(isErrorCode)
    const page = async (code: (typeof names)[number]) =>
      errorPage(code, await readFile(join(root, 'docs', 'errors', `${code}.md`), 'utf8'))
    return Object.fromEntries(await Promise.all(names.map(async (code) => [code, await page(code)])))
  },
}
