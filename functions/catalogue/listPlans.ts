import { plansView } from '#domain/catalogueCompare'
import { listPlans } from '#operations/catalogue'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof listPlans> = async (_input, deps) => plansView(await deps.catalogue())

export const handler = httpHandler(listPlans, run, live(catalogue))
