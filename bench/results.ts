import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as z from 'zod/mini'
import { realNow } from '#local/time'
import { type Part, parts } from './options.ts'
import { type Bound, holds, markdownTable, type Section } from './report.ts'

const resultsPath = fileURLToPath(new URL('results.json', import.meta.url))
const readmePath = fileURLToPath(new URL('readme-table.md', import.meta.url))

const cell = z.union([z.string(), z.number()])
const section = z.object({
  tables: z.array(z.object({ title: z.string(), columns: z.array(z.string()), rows: z.array(z.array(cell)) })),
  bounds: z.array(z.object({ what: z.string(), value: z.number(), most: z.number() })),
  notes: z.array(z.string()),
})
/** Where and with what a section was measured. */
const setting = z.object({
  date: z.string(),
  machine: z.object({ processor: z.string(), cores: z.int(), memoryGigabytes: z.int(), platform: z.string() }),
  versions: z.record(z.string(), z.string()),
})
const results = z.partialRecord(z.enum(parts), z.object({ ...setting.shape, ...section.shape }))
export type Results = z.output<typeof results>

/** What earlier full runs measured, by part; nothing when there was none. */
export function readResults(): Results {
  try {
    return results.parse(JSON.parse(readFileSync(resultsPath, 'utf8')))
  } catch {
    return {}
  }
}

/** Replaces the parts that were measured now, keeps the others, and writes the README's table anew. */
export function writeResults(measured: Partial<Record<Part, Section>>): void {
  const about = settingNow()
  const before = readResults()
  const next: Results = {}
  for (const part of parts) {
    const found = measured[part]
    const kept = before[part]
    if (found) next[part] = { ...about, tables: found.tables, bounds: found.bounds, notes: found.notes }
    else if (kept) next[part] = kept
  }
  writeFileSync(resultsPath, `${JSON.stringify(next, null, 2)}\n`)
  writeFileSync(readmePath, readmeText(next))
}

function settingNow(): z.output<typeof setting> {
  const require = createRequire(import.meta.url)
  const versionOf = (name: string) => z.object({ version: z.string() }).parse(require(`${name}/package.json`)).version
  const [cpu] = cpus()
  return {
    date: new Date(realNow()).toISOString(),
    machine: {
      processor: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGigabytes: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform} ${process.arch}`,
    },
    versions: {
      node: process.version,
      '@aws-sdk/client-dynamodb': versionOf('@aws-sdk/client-dynamodb'),
      '@dynoxide/linux-x64': versionOf('@dynoxide/linux-x64'),
      faregate: z.object({ version: z.string() }).parse(require('../package.json')).version,
    },
  }
}

/** Bounds of one kind: the table shows the worst of them, and every one that is missed. */
const kinds = ['ratio at p50', 'ratio at p99', 'cold start ratio', 'RCU of a payment’s step', 'WCU of a payment’s step']

/** Every bound in few lines. */
function readmeText(found: Results): string {
  const bounds = parts.flatMap((part) => found[part]?.bounds ?? [])
  const isOf = (kind: string) => (bound: Bound) => bound.what.endsWith(kind)
  const single = bounds.filter((bound) => !kinds.some((kind) => isOf(kind)(bound)))
  const grouped = kinds.flatMap((kind) => {
    const all = bounds.filter(isOf(kind)).sort((a, b) => b.value - a.value)
    return all.filter((bound, at) => at === 0 || !holds(bound))
  })
  const shown = [...single, ...grouped].map((bound) => [
    bound.what,
    bound.value,
    bound.most,
    holds(bound) ? 'met' : '**missed**',
  ])
  const dates = parts.flatMap((part) => found[part]?.date.slice(0, 10) ?? []).sort()
  const { cores, platform } = settingNow().machine
  const table = markdownTable({ columns: ['what', 'measured', 'at most', ''], rows: shown })
  return `${table}\n\nMeasured on ${dates.at(-1) ?? ''} with \`npm run bench\` (${cores} cores, ${platform}); of latencies, cold starts and a payment’s steps the worst and those missed are shown. All figures are in \`bench/results.json\`, the method is in \`docs/benchmarks.md\`.\n`
}
