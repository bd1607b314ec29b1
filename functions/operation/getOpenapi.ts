import { getOpenapi } from '#operations/operation'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { openapiDocumentText } from '#runtime/published'
import type { Run } from '#runtime/run'

export const run: Run<typeof getOpenapi> = async () => JSON.parse(await openapiDocumentText())

export const handler = httpHandler(getOpenapi, run, live())
