import { startEngine } from '#test/support/engine'
import { measureSettlement } from './settlement.ts'
import { textTable } from './report.ts'
const engine = await startEngine()
try { const { table } = await measureSettlement(engine); process.stdout.write(textTable(table)+'\n') } finally { await engine.stop() }
