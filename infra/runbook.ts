import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Operation } from '#operations/definition'
import { root } from './bundle.ts'
import { limitsOf } from './limits.ts'
import { metricAlarms, type Watched } from './metricAlarms.ts'

export const runbookPath = join(root, 'docs', 'runbook.md')

/** The runbook with its alarms and operations made anew from where they are written; the prose around them stays. */
export const runbookOf = (runbook: string, operations: readonly Operation[]): string =>
  between(between(runbook, 'alarms', alarmSections()), 'operations', operations.map(sectionOf))

/** @throws Error when the marks around the list are not there. */
function between(runbook: string, list: 'alarms' | 'operations', sections: string[]): string {
  const start = `<!-- ${list}: written by \`node infra/runbook.ts\` -->`
  const end = `<!-- end of ${list} -->`
  const [before, rest] = runbook.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined)
    throw new Error(`docs/runbook.md has lost the marks around its ${list}`)
  return `${before}${start}\n\n${sections.join('\n\n')}\n\n${end}${after}`
}

const kinds = {
  money: 'Something happened to money that staff must look at. Nothing was lost or done twice by it.',
  webhooks:
    'Providers’ events come in and cannot be used. What they tell of is found by the comparison of the day at the latest.',
  renewals: 'Subscriptions are due and cannot be charged.',
}

/** A heading for each kind of alarm, which the alarm's mail points to, and below it one for each alarm. */
const alarmSections = (): string[] =>
  Object.entries(kinds).flatMap(([kind, means]) => [
    `## ${kind}\n\n${means}`,
    ...metricAlarms.filter(({ slug }) => slug.startsWith(`${kind}-`)).map(alarmSection),
  ])

const alarmSection = (alarm: Watched): string =>
  [
    `### ${alarm.slug}`,
    '',
    `**While it lasts:** ${alarm.ifItFails}`,
    '',
    ...alarm.todo.map((step, at) => `${at + 1}. ${step}`),
    '',
    `Raised by ${raisedBy(alarm)}.`,
  ].join('\n')

function raisedBy({ metric, threshold, periodHours, shareFrom }: Watched): string {
  const period = periodHours === 1 ? 'an hour' : `${periodHours} hours`
  if (shareFrom !== undefined) return `a mean of \`${metric}\` of ${threshold} in ${period}, from ${shareFrom} on`
  return `\`${metric}\`, ${threshold} in ${period}`
}

function sectionOf(operation: Operation): string {
  const { timeoutSeconds, memoryMegabytes } = limitsOf(operation)
  return [
    `### ${operation.id}`,
    '',
    `**While it fails:** ${operation.ifItFails}`,
    '',
    `- Does: ${operation.summary}`,
    `- Starts by: ${startedBy(operation)}`,
    `- Area \`${operation.area}\`, log group \`/aws/lambda/faregate-<mode>-${operation.id}\`, ${timeoutSeconds} s, ${memoryMegabytes} MB`,
  ].join('\n')
}

function startedBy(operation: Operation): string {
  switch (operation.kind) {
    case 'http':
      return operation.routes.map((route) => `\`${route}\``).join(', ')
    case 'worker':
      return `queue \`${operation.queue}\`, ${operation.batchSize} at a time, dead after ${operation.maxReceives} tries`
    case 'job':
      return `schedule \`${operation.schedule}\` (UTC)`
    case 'stream':
      return `changes of items under \`${operation.keyPrefix}\``
    case 'authorizer':
      return `every call with ${credentials[operation.of]} that the gateway has not asked about in the last 30 s`
  }
}

const credentials = { server: 'an API key', visitor: 'a session token' } as const

if (import.meta.main) {
  const { operations } = await import('#operations/index')
  await writeFile(runbookPath, runbookOf(await readFile(runbookPath, 'utf8'), operations))
}
