import { fork } from 'node:child_process'
import { build } from 'esbuild'
import { options } from '#infra/bundle'

const ids = {
  deductCredits: 'credits',
  reserveCredits: 'credits',
  commitReservation: 'credits',
  check: 'entitlements',
  recordUsage: 'usage',
}
await build({
  ...options,
  minify: false,
  sourcemap: false,
  entryPoints: Object.fromEntries(Object.entries(ids).map(([id, a]) => [`${id}/index`, `functions/${a}/${id}.ts`])),
  outdir: '/tmp/bench_unmin',
})
await build({
  ...options,
  minify: false,
  sourcemap: false,
  entryPoints: ['bench/bareCalls.ts'],
  outfile: '/tmp/bench_unmin/bareCalls.mjs',
})
const child = fork(new URL('latencyProcess.ts', import.meta.url).pathname, {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  execArgv: ['--cpu-prof', '--cpu-prof-dir=/tmp/prof2'],
})
child.on('message', (m: any) => {
  if (m.kind === 'done')
    console.log(
      Object.entries(m.samples.handler)
        .map(([k, v]: any) =>
          [
            k,
            v.flat().sort((a: number, b: number) => a - b)[Math.floor(v.flat().length / 2)],
            m.samples.bare[k].flat().sort((a: number, b: number) => a - b)[Math.floor(v.flat().length / 2)],
          ].join(' '),
        )
        .join('\n'),
    )
})
child.send({
  bareModule: '/tmp/bench_unmin/bareCalls.mjs',
  modules: Object.fromEntries(Object.keys(ids).map((id) => [id, `/tmp/bench_unmin/${id}/index.mjs`])),
  warmups: 60,
  rounds: 1,
  samples: 150,
})
