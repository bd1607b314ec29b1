import { isBuiltin } from 'node:module'
import { sep } from 'node:path'
import type { Plugin } from 'esbuild'

/** The file of a lazily loaded module, beside the `index.mjs` that loads it. */
export const lazyFileOf = (specifier: string): string => `${specifier.replace(/[^a-z0-9]+/gi, '-')}.mjs`

/**
 * Keeps what our own code loads by `import('a package')` out of the code that is read at start. Left to itself, a bundle without
 * splitting holds the package in its one file, and with splitting every function needs a run of its own (0.6 s each) and
 * also falls into the pieces that the AWS SDK has for itself. So the import stays as it is and leads to a file beside the
 * bundle, which is built once for all functions.
 *
 * Only packages: a module of ours in two files would be there twice, with its classes and its state. Ours goes into the
 * bundle, wherever it is imported.
 * @param found gets each such specifier with where to look for it.
 */
export function lazyModules(root: string, found: Map<string, string>): Plugin {
  const packages = `${sep}node_modules${sep}`
  const isOurs = (file: string) => file.startsWith(root + sep) && !file.includes(packages)
  return {
    name: 'lazy-modules',
    setup(build) {
      build.onResolve({ filter: /^[^.#/]/ }, ({ path, kind, importer, resolveDir }) => {
        if (kind !== 'dynamic-import' || isBuiltin(path) || !isOurs(importer)) return undefined
        found.set(path, resolveDir)
        return { path: `./${lazyFileOf(path)}`, external: true }
      })
    },
  }
}
