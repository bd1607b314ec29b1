import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { runbookPath, withOperations } from '#infra/runbook'
import { operations } from '#operations/index'

it('the runbook says of every operation what a user loses (stale? `node infra/runbook.ts`)', async () => {
  const written = await readFile(runbookPath, 'utf8')
  expect(written).toBe(withOperations(written, operations))
  for (const { id, ifItFails } of operations) expect(written).toContain(`### ${id}\n\n**While it fails:** ${ifItFails}`)
})

it('a runbook without its marks is not written over', () => {
  expect(() => withOperations('# Runbook', operations)).toThrow('has lost the marks')
})
