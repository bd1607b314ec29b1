import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'

const embedded = 'embedded-fonts'

/**
 * Puts the font files that `shared/gateways/fonts.ts` names into the bundle, as a module that is loaded when the first document
 * is drawn: a function's folder has no `node_modules`.
 */
export function fontFiles(root: string): Plugin {
  const replaced = join(root, 'shared', 'gateways', 'fonts.ts')
  const require = createRequire(replaced)
  return {
    name: 'font-files',
    setup(build) {
      build.onLoad({ filter: /fonts\.ts$/ }, ({ path }) =>
        path === replaced ? { contents: onDemand, loader: 'js', resolveDir: join(root, 'shared') } : undefined,
      )
      build.onResolve({ filter: new RegExp(`^${embedded}$`) }, ({ path }) => ({ path, namespace: embedded }))
      build.onLoad({ filter: /.*/, namespace: embedded }, async () => ({
        contents: fontModule(await namesIn(replaced)),
        loader: 'js',
        resolveDir: root,
      }))
      build.onResolve({ filter: /\.woff$/ }, ({ path }) => ({ path: require.resolve(path), namespace: 'font' }))
      build.onLoad({ filter: /.*/, namespace: 'font' }, async ({ path }) => ({
        contents: await readFile(path),
        loader: 'binary',
      }))
    },
  }
}

const onDemand = `export const loadFonts = async () => (await import('${embedded}')).default`

/** The source is the one list of files: `fontFileNames` in it is a plain array of strings. */
async function namesIn(source: string): Promise<string[]> {
  const names = (await readFile(source, 'utf8')).match(/'@fontsource\/[^']+\.woff'/g) ?? []
  if (names.length === 0) throw new Error(`${source} names no font file`)
  return names.map((name) => name.slice(1, -1))
}

const fontModule = (names: string[]): string =>
  [
    ...names.map((name, n) => `import font${n} from '${name}'`),
    `export default [${names.map((name, n) => `{ name: '${name}', bytes: font${n} }`).join(', ')}]`,
  ].join('\n')
