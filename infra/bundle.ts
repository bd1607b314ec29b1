import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import type { Operation } from '#operations/definition'
import { fontFiles } from './fontFiles.ts'
import { lazyFileOf, lazyModules } from './lazyModules.ts'
import { publishedPages } from './publishedPages.ts'
import { pureConstants } from './treeShaking.ts'

/** The checkout: what entry points and `build/` are relative to. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The part of a definition that its file's place follows from. */
export type Entry = Pick<Operation, 'id' | 'area'>

export interface Bundle {
  id: string
  /** What the function's asset is made of: `index.mjs`, and a file for each module that it loads lazily. */
  directory: string
  /** Of `index.mjs`, minified, before compression: what is read at start. */
  startBytes: number
  /** Of all files. */
  sizeBytes: number
}

/** Where an operation's bundle is, or will be. */
export const bundleDirectory = (id: string, outdir = join(root, 'build')): string => join(outdir, 'functions', id)

/**
 * Bundles all functions in one esbuild run: `functions/<area>/<id>.ts` → `<outdir>/functions/<id>/index.mjs` (handler
 * `index.handler`), source maps in `<outdir>/maps`. Packages that a function loads by `import()` are built once, in a second run,
 * and lie beside the `index.mjs` of each function that does. Same sources, same bytes. Directories of functions that are
 * gone are removed, and so are files in them.
 * @throws esbuild's BuildFailure, also when a definition has no file.
 */
export async function bundleFunctions(
  entries: readonly Entry[],
  { outdir = join(root, 'build'), entryOf = (entry: Entry) => `functions/${entry.area}/${entry.id}.ts` } = {},
): Promise<Bundle[]> {
  const found = new Map<string, string>()
  const { outputFiles, metafile } = await build({
    ...options,
    plugins: [lazyModules(root, found), ...options.plugins],
    entryPoints: Object.fromEntries(entries.map((entry) => [`functions/${entry.id}/index`, entryOf(entry)])),
    outdir,
    write: false,
    metafile: true,
  })
  const lazy = await buildLazy(found, outdir)
  const written = outputFiles.map(async ({ path, contents }) => {
    const directory = dirname(path)
    const id = basename(directory)
    // A map beside its code would be shipped, and Lambda would pay for it with each cold start.
    if (path.endsWith('.map')) {
      await writeWhole(join(outdir, 'maps', `${id}.mjs.map`), contents)
      return []
    }
    const modules = importedBy(metafile, path).flatMap((file) => lazy.get(file) ?? [])
    // The modules first: a reader of the new index finds what it imports.
    await Promise.all(modules.map((module) => writeWhole(join(directory, module.file), module.contents)))
    await writeWhole(path, contents)
    await removeOthers(directory, ['index.mjs', ...modules.map(({ file }) => file)])
    const lazyBytes = modules.reduce((sum, module) => sum + module.contents.byteLength, 0)
    return [{ id, directory, startBytes: contents.byteLength, sizeBytes: contents.byteLength + lazyBytes }]
  })
  const bundles = (await Promise.all(written)).flat().sort((a, b) => (a.id < b.id ? -1 : 1))
  await removeOthers(
    join(outdir, 'functions'),
    bundles.map(({ id }) => id),
  )
  return bundles
}

interface LazyModule {
  file: string
  contents: Uint8Array
}

/** Builds each lazily loaded module into one file of its own; by file name. */
async function buildLazy(found: Map<string, string>, outdir: string): Promise<Map<string, LazyModule>> {
  if (found.size === 0) return new Map()
  const { outputFiles } = await build({
    ...options,
    plugins: [forwarded(found), ...options.plugins],
    entryPoints: [...found.keys()].sort().map((name) => ({ in: `lazy:${name}`, out: lazyFileOf(name).slice(0, -4) })),
    outdir,
    write: false,
  })
  const made = outputFiles.map(async ({ path, contents }) => {
    const file = basename(path)
    if (file.endsWith('.map')) {
      await writeWhole(join(outdir, 'maps', file), contents)
      return []
    }
    return [[file, { file, contents }] as const]
  })
  return new Map((await Promise.all(made)).flat())
}

/** An entry that imports as the function does: an entry point that names a package would be resolved by other conditions. */
const forwarded = (found: Map<string, string>): Plugin => ({
  name: 'lazy-entries',
  setup(context) {
    context.onResolve({ filter: /^lazy:/ }, ({ path }) => ({ path: path.slice('lazy:'.length), namespace: 'lazy' }))
    context.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: `export * from '${path}'\nexport { default } from '${path}'`,
      loader: 'js',
      resolveDir: found.get(path) ?? root,
    }))
  },
})

/** The lazily loaded files that a bundle still imports, after what is unused has gone from it. */
function importedBy(metafile: Metafile, path: string): string[] {
  const output = metafile.outputs[relative(root, path).split(sep).join('/')]
  if (output === undefined) throw new Error(`esbuild does not say what ${path} imports`)
  const lazily = output.imports.filter(({ external, kind }) => external === true && kind === 'dynamic-import')
  return [...new Set(lazily.map((imported) => basename(imported.path)))]
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
  plugins: [builtins, publishedPages(root), fontFiles(root), pureConstants(root)],
} satisfies BuildOptions

/** Whoever reads at the same time (a running local stack) sees the old file or the new one, never half of one. */
async function writeWhole(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = join(dirname(dirname(path)), `.${basename(dirname(path))}-${basename(path)}-${process.pid}`)
  await writeFile(partial, contents)
  await rename(partial, path)
}

async function removeOthers(folder: string, kept: string[]): Promise<void> {
  const gone = (await readdir(folder)).filter((name) => !name.startsWith('.') && !kept.includes(name))
  await Promise.all(gone.map((name) => rm(join(folder, name), { recursive: true })))
}
