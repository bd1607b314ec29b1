import { build } from 'esbuild'
import { options } from '#infra/bundle'
const [id, area] = [process.argv[2]!, process.argv[3]!]
const r = await build({ ...options, metafile: true, write: true, minify: false, sourcemap: false, entryPoints: { [`${id}/index`]: `functions/${area}/${id}.ts` }, outdir: '/tmp/bench_cold' })
const m = await build({ ...options, metafile: true, write: false, sourcemap: false, entryPoints: { [`${id}/index`]: `functions/${area}/${id}.ts` }, outdir: '/tmp/bench_x' })
const by = new Map<string, number>()
for (const o of Object.values(m.metafile.outputs)) for (const [f, { bytesInOutput }] of Object.entries(o.inputs)) { const k = f.startsWith('node_modules') ? f.split('/').slice(1, f.includes('@') ? 3 : 2).join('/') : f; by.set(k, (by.get(k) ?? 0) + bytesInOutput) }
console.log([...by].sort((a, b) => b[1] - a[1]).slice(0, 45).map(([k, v]) => `${(v / 1000).toFixed(1).padStart(7)} ${k}`).join('\n'))
const core = new Map<string, number>()
for (const o of Object.values(m.metafile.outputs)) for (const [f, { bytesInOutput }] of Object.entries(o.inputs)) if (/smithy.core|aws-sdk.core/.test(f)) core.set(f.split('node_modules/').pop()!, bytesInOutput)
console.log([...core].sort((a, b) => b[1] - a[1]).slice(0, 40).map(([k, v]) => `${(v / 1000).toFixed(1).padStart(7)} ${k}`).join('\n'))
