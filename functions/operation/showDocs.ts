import { showDocs } from '#operations/operation'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { page } from '#runtime/page'
import { referencePageHtml } from '#runtime/published'
import type { Run } from '#runtime/run'

export const run: Run<typeof showDocs> = async () => page(await referencePageHtml())

export const handler = httpHandler(showDocs, run, live())
