import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Step } from './stack.ts'

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What a stack is made of: any change here, and only here, asks for a new build. */
const inputs = ['infra', 'functions', 'shared', 'package-lock.json']

/** Stands in the template where a deployer names the identity provider; the local issuer takes its place. */
const issuerInTemplate = 'http://issuer.localhost'

/** Builds kept: the present one, and the one before, which a stack in another terminal may still run from. */
const buildsKept = 2

/**
 * Bundles the functions, synthesises the deployable app, and answers the directory of its cloud assembly. The same inputs give the same directory without any work.
 */
export async function buildAssembly(step: Step): Promise<string> {
  const builds = join(root, '.faregate', 'build')
  const directory = join(builds, contentHash(inputs.map((input) => join(root, input))))
  if (existsSync(join(directory, 'manifest.json'))) return directory

  const partial = `${directory}.${process.pid}`
  // The assembly takes copies of the bundles, so their own folder is not needed afterwards.
  const code = `${partial}.code`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  try {
    await step('building the stack from its sources', () => assemble(partial, code))
    rmSync(directory, { recursive: true, force: true })
    renameSync(partial, directory)
  } finally {
    for (const folder of [partial, code]) rmSync(folder, { recursive: true, force: true })
  }
  forgetOldBuilds(builds, directory)
  return directory
}

/** @throws Error with what the build printed. */
async function assemble(assembly: string, code: string): Promise<void> {
  const script = join(root, 'local', 'assemble.ts')
  await promisify(execFile)(process.execPath, [script, assembly, code, issuerInTemplate], { cwd: root })
}

function contentHash(paths: string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    for (const file of filesUnder(path)) {
      hash.update(`${relative(root, file)}\0`)
      hash.update(readFileSync(file))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = path.endsWith('.json') ? [] : readdirSync(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return files.length > 0 ? files.sort() : [path].filter((each) => each.endsWith('.json'))
}

function forgetOldBuilds(builds: string, present: string): void {
  const others = readdirSync(builds, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.includes('.'))
    .map((entry) => join(builds, entry.name))
    .filter((path) => path !== present)
  for (const path of others.slice(buildsKept - 1)) rmSync(path, { recursive: true, force: true })
}
