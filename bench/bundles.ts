import { join } from 'node:path'
import { build } from 'esbuild'
import { type Bundle, bundleFunctions, options, root } from '#infra/bundle'
import { operations } from '#operations/index'

/** Beside the build that a deployment takes, so that a benchmark never changes what is deployed. */
const outdir = join(root, '.faregate', 'bench')
let built: Promise<Bundle[]> | undefined

/** Every function's bundle, built once for a run exactly as for deployment. */
export const benchBundles = (): Promise<Bundle[]> => {
  built ??= bundleFunctions(operations, { outdir })
  return built
}

export async function modulesById(): Promise<Record<string, string>> {
  const bundles = await benchBundles()
  return Object.fromEntries(bundles.map(({ id, directory }) => [id, join(directory, 'index.mjs')]))
}

/**
 * Bundles a file of `yardsticks/`, something to compare functions with, and answers the module. `stock` leaves out what makes our
 * bundles start faster (credentials from the environment, lazy built-ins): what anybody gets from esbuild and the SDK.
 */
export async function bundleYardstick(file: string, { stock = false } = {}): Promise<string> {
  const { alias, plugins, sourcemap: _none, ...common } = options
  const outfile = join(outdir, 'yardsticks', file.replace(/\.ts$/, '.mjs'))
  await build({
    ...common,
    ...(!stock && { alias, plugins }),
    entryPoints: [join('bench', 'yardsticks', file)],
    outfile,
  })
  return outfile
}

/** A function's environment on Lambda, with the table in the local engine. */
export const functionEnvironment = (
  endpoint: string,
  tableName: string,
  mode: 'live' | 'test' = 'live',
): Record<string, string> => ({
  TABLE_NAME: tableName,
  FAREGATE_MODE: mode,
  DYNAMODB_ENDPOINT: endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_REGION: 'us-east-1',
  // The engine takes any credentials; these are no secret.
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  TZ: ':UTC',
})
