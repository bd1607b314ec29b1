import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { startEngine } from '#test/support/engine'
import { openStage, operationNamed } from './stage.ts'
import { functionEnvironment } from './bundles.ts'
import { eventOf } from './event.ts'
const engine = await startEngine()
const tableName = await engine.createTable()
const stage = await openStage(engine.client, tableName)
await stage.account('a1')
const { spawn } = await import('node:child_process')
const mod = process.argv[2]!
for (let i = 0; i < 12; i++) {
  writeFileSync('/tmp/ev.json', JSON.stringify(eventOf(operationNamed('deductCredits'), { accountId: 'a1', body: { amount: 1, reason: 'x' }, key: 'k' + i })))
  const c = spawn(process.execPath, ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir=/tmp/prof3', 'bench/coldSample.mjs', mod, '/tmp/ev.json'], { env: functionEnvironment(engine.endpoint, tableName), stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  await new Promise((r) => c.on('close', r))
}
await engine.stop()
