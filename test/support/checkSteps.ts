import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod/mini'

export const root = join(fileURLToPath(import.meta.url), '..', '..', '..')

/** A check that runs as a program of its own, so that they run beside each other. */
export interface CommandStep {
  name: string
  command: string
  args: string[]
  /** Why its output is not to be trusted though it ended well; undefined when it is. */
  doubt?: (output: string) => string | undefined
}

/** Import rules that see no modules would pass; these are fewer than there are. */
const fewestModules = 150

export const steps: readonly CommandStep[] = [
  { name: 'stack and cdk-nag', command: 'node', args: ['infra/synth.ts'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  {
    name: 'import rules',
    command: 'depcruise',
    args: ['--config', '.dependency-cruiser.mjs', 'shared', 'functions', 'infra', 'local', 'bench'],
    doubt: tooFewModules,
  },
  { name: 'unused code', command: 'knip', args: ['--no-progress'] },
  { name: 'goldens', command: 'node', args: ['test/support/goldens.ts'] },
  { name: 'OpenAPI lint', command: 'node', args: ['test/support/openapiLint.ts'] },
  { name: 'format', command: 'biome', args: ['check', '.'] },
  { name: 'install scripts', command: 'node', args: ['test/support/installScripts.ts'] },
]

export function tooFewModules(output: string): string | undefined {
  const seen = Number(/(\d+) modules/.exec(output)?.[1] ?? 0)
  return seen >= fewestModules ? undefined : `it saw ${seen} modules, and there are more than ${fewestModules}`
}

const lockFile = z.object({
  packages: z.record(z.string(), z.object({ hasInstallScript: z.optional(z.boolean()) })),
})
const packageFile = z.object({ allowScripts: z.optional(z.record(z.string(), z.boolean())) })

/** Packages that would run a program of theirs at install and that `allowScripts` does not deny by name. */
export function openInstallScripts(lock: unknown, manifest: unknown): string[] {
  const { allowScripts = {} } = packageFile.parse(manifest)
  return Object.entries(lockFile.parse(lock).packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path.split('node_modules/').at(-1) ?? path)
    .filter((name) => allowScripts[name] !== false)
}

export const jsonAt = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
