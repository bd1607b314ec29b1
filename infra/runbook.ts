import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Operation } from '#operations/definition'
import { root } from './bundle.ts'
import { limitsOf } from './limits.ts'

const start = '<!-- operations: written by `node infra/runbook.ts` -->'
const end = '<!-- end of operations -->'

export const runbookPath = join(root, 'docs', 'runbook.md')

/** The runbook with its list of operations made anew from the definitions; the prose around it stays. */
export function withOperations(runbook: string, operations: readonly Operation[]): string {
  const [before, rest] = runbook.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined)
    throw new Error('docs/runbook.md has lost the marks around its operations')
  return `${before}${start}\n\n${operations.map(sectionOf).join('\n\n')}\n\n${end}${after}`
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
  await writeFile(runbookPath, withOperations(await readFile(runbookPath, 'utf8'), operations))
}
