import type { ErrorCode } from '#errors/codes'

/**
 * What is published about the API: its OpenAPI document and its pages. A bundle holds them ready made
 * (`infra/publishedPages.ts` replaces this module); without a bundler they are made here when first asked for.
 */
export async function openapiDocumentText(): Promise<string> {
  const { httpOperations } = await import('#operations/index')
  const { openapiDocument } = await import('#operations/openapi/document')
  return JSON.stringify(openapiDocument(httpOperations))
}

export async function referencePageHtml(): Promise<string> {
  const { httpOperations } = await import('#operations/index')
  const { openapiDocument } = await import('#operations/openapi/document')
  const { referencePage } = await import('#operations/pages/reference')
  return referencePage(openapiDocument(httpOperations))
}

/** @throws Error when the code's page is missing: a house test keeps one for each. */
export async function errorPageHtml(code: ErrorCode): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const { errorPage } = await import('#operations/pages/errorPage')
  return errorPage(code, await readFile(new URL(`../../docs/errors/${code}.md`, import.meta.url), 'utf8'))
}
