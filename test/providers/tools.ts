import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parseObject } from '#local/providers/json'

const run = promisify(execFile)

/** About 105 MB together, which nobody needs who does not run this suite: so they are in no package.json of ours. */
const versions = { '@stripe/cli': '1.52.0', '@stoplight/prism-cli': '5.16.0' }
const folder = resolve(import.meta.dirname, '../../node_modules/.cache/provider-tools')
const installTimeoutMs = 4 * 60_000

export interface Tools {
  /** Scripts to be run by this Node. */
  stripe: string
  prism: string
}

/** Installs what is not there in exactly these versions, kept for the next run. Only the npm registry is asked. */
export async function installTools(): Promise<Tools> {
  if (!isInstalled()) await install()
  const tools = {
    stripe: join(folder, 'node_modules/@stripe/cli/bin/shim.js'),
    prism: join(folder, 'node_modules/@stoplight/prism-cli/dist/index.js'),
  }
  for (const path of Object.values(tools)) if (!existsSync(path)) throw new Error(`${path} was not installed`)
  return tools
}

const isInstalled = (): boolean =>
  Object.entries(versions).every(([name, version]) => {
    const path = join(folder, 'node_modules', name, 'package.json')
    return existsSync(path) && parseObject(readFileSync(path, 'utf8'))?.version === version
  })

async function install(): Promise<void> {
  const named = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  process.stderr.write(
    `installing ${named.join(' and ')} into node_modules/.cache/provider-tools (once, about 105 MB)\n`,
  )
  mkdirSync(folder, { recursive: true })
  // A package of its own: otherwise npm installs into the nearest one above, which is the product's.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(0)
  const progress = setInterval(() => process.stderr.write(`  npm works, ${seconds()} s\n`), 5_000)
  try {
    // No scripts: they download from elsewhere what is missing, and count users; the tools run without.
    const options = ['--ignore-scripts', '--no-fund', '--no-audit', '--save-exact', '--loglevel=error']
    await run('npm', ['install', ...options, ...named], { cwd: folder, timeout: installTimeoutMs })
    process.stderr.write(`  installed after ${seconds()} s\n`)
  } finally {
    clearInterval(progress)
  }
}
