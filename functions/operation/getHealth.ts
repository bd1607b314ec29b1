import { getHealth } from '#operations/operation'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { Reply, type Run } from '#runtime/run'
import { currentCatalogueKey } from '#table/keys'

/** Of the build; set by the bundler. */
const version = process.env.FAREGATE_VERSION ?? 'development'

/** One read answers both: the table works when it answers, and a catalogue is there when it finds one. */
export const run: Run<typeof getHealth> = async (_input, deps) => {
  const current = await deps.table.get(currentCatalogueKey()).then(
    (item) => item ?? null,
    () => undefined,
  )
  const checks = {
    table: current === undefined ? ('failed' as const) : ('ok' as const),
    catalogue: current ? ('ok' as const) : ('failed' as const),
  }
  const ok = checks.table === 'ok' && checks.catalogue === 'ok'
  return new Reply({ status: ok ? ('ok' as const) : ('degraded' as const), version, checks })
}

export const handler = httpHandler(getHealth, run, live())
