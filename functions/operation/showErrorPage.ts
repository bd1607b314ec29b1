import { isErrorCode } from '#errors/codes'
import { notFound } from '#errors/problem'
import { showErrorPage } from '#operations/operation'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { page } from '#runtime/page'
import { errorPageHtml } from '#runtime/published'
import type { Run } from '#runtime/run'

export const run: Run<typeof showErrorPage> = async ({ params }) => {
  if (!isErrorCode(params.code)) throw notFound('error code')
  return page(await errorPageHtml(params.code))
}

export const handler = httpHandler(showErrorPage, run, live())
