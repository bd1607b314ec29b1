import { measureCapacity } from './capacity.ts'
import { measureCold } from './cold.ts'
import { modelCost } from './cost.ts'
import { measureGrowth } from './growth.ts'
import { measureHttp } from './http.ts'
import { measureLatency } from './latency.ts'
import { type Part, parseOptions } from './options.ts'
import { measureRenewals } from './renewals.ts'
import { holds, type Section, textSection } from './report.ts'
import { readResults, writeResults } from './results.ts'
import { measureWebhooks } from './webhooks.ts'

/** `npm run bench`: measures, prints, and keeps what a full run found in `results.json`. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  const measured: Partial<Record<Part, Section>> = {}
  const measure: Record<Part, () => Promise<Section>> = {
    capacity: () => measureCapacity(options),
    latency: () => measureLatency(options),
    http: () => measureHttp(options),
    cold: () => measureCold(options),
    growth: () => measureGrowth(options),
    webhooks: () => measureWebhooks(options),
    renewals: () => measureRenewals(options),
    cost: async () => {
      const before = readResults()
      const capacity = measured.capacity ?? before.capacity ?? (await measureCapacity(options))
      return modelCost(capacity, measured.latency ?? before.latency ?? (await measureLatency(options)))
    },
  }
  for (const part of options.only) {
    const section = await measure[part]()
    measured[part] = section
    process.stdout.write(`\n== ${part}\n\n${textSection(section)}\n`)
  }
  const bounds = Object.values(measured).flatMap((section) => section.bounds)
  const missed = bounds.filter((bound) => !holds(bound))
  process.stdout.write(`\n${bounds.length - missed.length} of ${bounds.length} bounds hold.\n`)
  // A quick run's figures are rough: they are shown and not kept.
  if (!options.quick) writeResults(measured)
  if (options.strict && missed.length > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
