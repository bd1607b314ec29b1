import { buildApp } from '#infra/app'
import { bundleDirectory, bundleFunctions } from '#infra/bundle'
import { operations } from '#operations/index'
import { localAudience } from './issuer.ts'

/**
 * `node local/assemble.ts <assembly> <code> <issuer>`: bundles the functions into `code` and synthesises the deployable
 * app into `assembly`. A process of its own: the CDK and the compiler need hundreds of megabytes that a running stack
 * should not keep.
 */
const [assembly, code, issuer] = process.argv.slice(2)
if (!assembly || !code || !issuer) throw new Error('usage: node local/assemble.ts <assembly> <code> <issuer>')

await bundleFunctions(operations, { outdir: code })
buildApp({
  mode: 'test',
  issuer,
  audience: [localAudience],
  outdir: assembly,
  codeDirectoryOf: (id) => bundleDirectory(id, code),
  // What cdk-nag finds does not change what runs; `npm run check` and `cdk synth` ask it.
  checked: false,
})
