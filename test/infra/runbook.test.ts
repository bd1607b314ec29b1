import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { metricAlarms } from '#infra/metricAlarms'
import { runbookOf, runbookPath } from '#infra/runbook'
import { operations } from '#operations/index'

it('the runbook says of every operation what a user loses (stale? `node infra/runbook.ts`)', async () => {
  const written = await readFile(runbookPath, 'utf8')
  expect(written).toBe(runbookOf(written, operations))
  for (const { id, ifItFails } of operations) expect(written).toContain(`### ${id}\n\n**While it fails:** ${ifItFails}`)
})

it('it says of every alarm on what is counted what a user loses, and what to do', async () => {
  const written = await readFile(runbookPath, 'utf8')
  for (const { slug, ifItFails, todo } of metricAlarms) {
    expect(written).toContain(`\n## ${slug.replace(/-.*/, '')}\n`)
    expect(written).toContain(`### ${slug}\n\n**While it lasts:** ${ifItFails}\n\n1. ${todo[0]}\n`)
  }
})

it('a runbook without its marks is not written over', async () => {
  expect(() => runbookOf('# Runbook', operations)).toThrow('has lost the marks around its alarms')
  const written = await readFile(runbookPath, 'utf8')
  const halved = written.replace('<!-- end of operations -->', '')
  expect(() => runbookOf(halved, operations)).toThrow('has lost the marks around its operations')
})
