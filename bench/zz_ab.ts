import { spawn } from 'node:child_process'
import { builtinModules } from 'node:module'
import { writeFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'
import { options } from '#infra/bundle'
import { startEngine } from '#test/support/engine'
import { openStage, operationNamed } from './stage.ts'
import { bundleYardstick, functionEnvironment } from './bundles.ts'
import { eventOf } from './event.ts'
const all: Plugin = { name: 'all', setup(c) {
  const names = new Set(builtinModules.filter((n) => !n.startsWith('_')))
  c.onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path }) => { const n = path.replace('node:', ''); return names.has(n) ? { path: n, namespace: 'builtin' } : undefined })
  c.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('node:${path}')`, loader: 'js' })) } }
const ownLog: Plugin = { name: 'log', setup(c) { c.onLoad({ filter: /runtime\/log\.ts$/ }, () => ({ contents: `export function createLog(service) { const w = (level) => (message, fields = {}) => process.stdout.write(JSON.stringify({ level, message, timestamp: new Date().toISOString(), service, ...fields }) + '\\n'); return { info: w('INFO'), warn: w('WARN'), error: w('ERROR') } }`, loader: 'js' })) } }
const noMiddy: Plugin = { name: 'middy', setup(c) { c.onResolve({ filter: /^@middy\/core$/ }, () => ({ path: 'm', namespace: 'nm' })); c.onLoad({ filter: /.*/, namespace: 'nm' }, () => ({ contents: `export default () => ({ handler: (f) => f })`, loader: 'js' })) } }
const [b0, ...rest] = options.plugins
const variants: Record<string, Plugin[]> = { now: options.plugins, all: [all, ...rest], 'all+log': [all, ownLog, ...rest], 'all+log+nomiddy': [all, ownLog, noMiddy, ...rest] }
const mods: Record<string, string> = { stock: await bundleYardstick('stockHandler.ts', { stock: true }) }
for (const [n, plugins] of Object.entries(variants)) { await build({ ...options, plugins, sourcemap: false, entryPoints: { [n]: 'functions/credits/deductCredits.ts' }, outdir: '/tmp/bench_ab' }); mods[n] = `/tmp/bench_ab/${n}.mjs` }
const engine = await startEngine()
const tableName = await engine.createTable()
const stage = await openStage(engine.client, tableName)
await stage.account('a1')
const t: Record<string, number[]> = {}
for (let i = 0; i < 15; i++) for (const [n, m] of Object.entries(mods)) {
  writeFileSync('/tmp/ev.json', JSON.stringify(eventOf(operationNamed('deductCredits'), { accountId: 'a1', body: { amount: 1, reason: 'x' }, key: n + i })))
  const c = spawn(process.execPath, ['bench/coldSample.mjs', m, '/tmp/ev.json'], { env: functionEnvironment(engine.endpoint, tableName), stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  let s = ''; c.stdio[3]!.on('data', (d) => { s += d }); await new Promise((r) => c.on('close', r)); const o = JSON.parse(s); if (o.answer.statusCode > 299) throw new Error(s);
  (t[n] ??= []).push(o.loadMs + o.firstMs)
}
const med = (x: number[]) => x.sort((a, b) => a - b)[7]!
const ratios = Object.fromEntries(Object.keys(t).map((n) => [n, med(t[n]!.map((v, i) => v / t.stock![i]!))]))
for (const n of Object.keys(t)) console.log(n, ratios[n]!.toFixed(2), med(t[n]!).toFixed(1))
await engine.stop()
