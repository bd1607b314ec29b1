import { comparePlans as comparison } from '#domain/catalogueCompare'
import { comparePlans } from '#operations/catalogue'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof comparePlans> = async (_input, deps) => comparison(await deps.catalogue())

export const handler = httpHandler(comparePlans, run, live(catalogue))
