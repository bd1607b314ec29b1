import { join } from 'node:path'
import { operations } from '#operations/index'
import { buildApp } from './app.ts'
import { routesOf, stacksOf } from './assembly.ts'
import { bundleFunctions, root } from './bundle.ts'
import { mostResourcesInAStack, mostRoutes } from './limits.ts'

// `npm run synth`: bundle and synthesise into `cdk.out`, and say what came of it. Exit 1 when a house limit is passed.
const start = performance.now()
const bundles = await bundleFunctions(operations)
const bundled = performance.now()
const { assembly } = buildApp({ outdir: join(root, 'cdk.out') })
const done = performance.now()

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`
const say = (line: string) => process.stdout.write(`${line}\n`)
const largest = bundles.reduce((a, b) => (a.sizeBytes >= b.sizeBytes ? a : b))

say(
  `${bundles.length} functions bundled in ${seconds(bundled - start)}; largest ${largest.id}, ${Math.round(largest.sizeBytes / 1000)} kB`,
)
say(`${assembly.stacks.length} stacks synthesised and checked in ${seconds(done - bundled)}`)
for (const { stack, resources } of stacksOf(assembly)) {
  const count = Object.keys(resources).length
  say(`  ${stack}: ${count} of ${mostResourcesInAStack} resources`)
  if (count > mostResourcesInAStack) process.exitCode = 1
}
const routes = routesOf(assembly).length
say(`${routes} of ${mostRoutes} routes`)
if (routes > mostRoutes) process.exitCode = 1
