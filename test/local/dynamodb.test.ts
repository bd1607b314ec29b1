import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { type DynamoEngine, startDynamo } from '#local/engines/dynamodb'

const folderOf = ({ file = '' }: DynamoEngine): string => dirname(file)

it('a table without a data folder leaves nothing behind when its engine stops', async () => {
  const engine = await startDynamo({})
  expect(existsSync(engine.file ?? '')).toBe(true)
  await engine.stop()
  expect(existsSync(folderOf(engine))).toBe(false)
})

it('nor when the stack is killed', async () => {
  const module = join(import.meta.dirname, '../../local/engines/dynamodb.ts')
  const code = `const { startDynamo } = await import(${JSON.stringify(module)})
process.stdout.write((await startDynamo({})).file)
setInterval(() => {}, 1000)`
  const stack = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [file] = await once(stack.stdout, 'data')
  const folder = dirname(String(file))
  expect(existsSync(folder)).toBe(true)
  stack.kill('SIGKILL')
  await expect.poll(() => existsSync(folder), { timeout: 5000 }).toBe(false)
})

it('a kept table stays when its engine stops, and opens again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faregate-kept-'))
  const dataFile = join(folder, 'table.db')
  for (let start = 0; start < 2; start++) {
    await (await startDynamo({ dataFile })).stop()
    expect(existsSync(dataFile)).toBe(true)
  }
  rmSync(folder, { recursive: true })
})

// The engine's own two queries. Without the index each walks through all records of the stream: at every write, and at every look of the poller.
it.each([
  [
    'a write',
    'SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?',
  ],
  [
    'a reading of the stream',
    'SELECT * FROM _stream_records WHERE table_name = ? AND shard_id = ? AND CAST(sequence_number AS INTEGER) > ? ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?',
  ],
])('%s finds its place in the stream by an index', async (_, query) => {
  const engine = await startDynamo({})
  const store = new DatabaseSync(engine.file ?? '')
  const plan = store
    .prepare(`EXPLAIN QUERY PLAN ${query}`)
    .all()
    .map(({ detail }) => String(detail))
  store.close()
  await engine.stop()
  expect(plan).toHaveLength(1)
  expect(plan[0]).toMatch(/ USING (COVERING )?INDEX faregate_stream /)
})
