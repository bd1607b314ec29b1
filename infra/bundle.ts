import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import type { Operation } from '#operations/definition'
import { publishedPages } from './publishedPages.ts'
import { pureConstants } from './treeShaking.ts'

/** The checkout: what entry points and `build/` are relative to. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The part of a definition that its file's place follows from. */
export type Entry = Pick<Operation, 'id' | 'area'>

export interface Bundle {
  id: string
  /** What the function's asset is made of: holds `index.mjs` and nothing else. */
  directory: string
  /** Of the minified code, before compression. */
  sizeBytes: number
}

/** Where an operation's bundle is, or will be. */
export const bundleDirectory = (id: string, outdir = join(root, 'build')): string => join(outdir, 'functions', id)

/**
 * Bundles all functions in one esbuild run: `functions/<area>/<id>.ts` → `<outdir>/functions/<id>/index.mjs` (handler
 * `index.handler`), source maps in `<outdir>/maps`. Same sources, same bytes. Directories of functions that are gone
 * are removed.
 * @throws esbuild's BuildFailure, also when a definition has no file.
 */
export async function bundleFunctions(
  entries: readonly Entry[],
  { outdir = join(root, 'build'), entryOf = (entry: Entry) => `functions/${entry.area}/${entry.id}.ts` } = {},
): Promise<Bundle[]> {
  const entryPoints = Object.fromEntries(entries.map((entry) => [`functions/${entry.id}/index`, entryOf(entry)]))
  const { outputFiles = [] } = await build({ ...options, entryPoints, outdir, write: false })
  const written = outputFiles.map(async ({ path, contents }) => {
    const id = basename(dirname(path))
    // A map beside its code would be shipped, and Lambda would pay for it with each cold start.
    await writeWhole(path.endsWith('.map') ? join(outdir, 'maps', `${id}.mjs.map`) : path, contents)
    return path.endsWith('.map') ? [] : [{ id, directory: dirname(path), sizeBytes: contents.byteLength }]
  })
  const bundles = (await Promise.all(written)).flat().sort((a, b) => (a.id < b.id ? -1 : 1))
  await removeOthers(
    join(outdir, 'functions'),
    bundles.map(({ id }) => id),
  )
  return bundles
}

/**
 * Loading a built-in module by an ESM import evaluates all its lazy members (`node:http` 20 ms, `node:fs` 10 ms on
 * Node 24); this way they stay lazy.
 */
const builtins: Plugin = {
  name: 'lazy-builtins',
  setup(context) {
    const names = new Set(builtinModules)
    context.onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, ({ path }) => {
      const name = path.replace('node:', '')
      return names.has(name) ? { path: name, namespace: 'builtin' } : undefined
    })
    context.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}')`,
      loader: 'js',
    }))
  },
}

/**
 * What every bundle is built with; benchmarks build their yardsticks with the same. ESM, because it does its work at load
 * time, which Lambda runs at full speed, and CommonJS starts no faster.
 */
export const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  // Packages that ship both forms: only the ESM one can be shaken.
  mainFields: ['module', 'main'],
  sourcemap: 'external',
  sourcesContent: false,
  legalComments: 'none',
  // Failures are thrown, with the same text.
  logLevel: 'silent',
  // CommonJS packages ask `require` for built-in modules, which ESM has not.
  banner: { js: 'const require=(name)=>process.getBuiltinModule(name);' },
  alias: { '@aws-sdk/credential-provider-node': join(root, 'infra', 'credentials.ts') },
  plugins: [builtins, publishedPages(root), pureConstants(root)],
} satisfies BuildOptions

/** Whoever reads at the same time (a running local stack) sees the old file or the new one, never half of one. */
async function writeWhole(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = join(dirname(dirname(path)), `.${basename(dirname(path))}-${basename(path)}-${process.pid}`)
  await writeFile(partial, contents)
  await rename(partial, path)
}

async function removeOthers(folder: string, ids: string[]): Promise<void> {
  const gone = (await readdir(folder)).filter((name) => !name.startsWith('.') && !ids.includes(name))
  await Promise.all(gone.map((name) => rm(join(folder, name), { recursive: true })))
}
