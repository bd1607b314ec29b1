import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleFunctions, type Entry } from '#infra/bundle'
import { markPure } from '#infra/treeShaking'
import { operations } from '#operations/index'

const run = promisify(execFile)
const fixtures: Entry[] = [
  { id: 'oneOperation', area: 'operation' },
  { id: 'httpClient', area: 'operation' },
]
const entryOf = ({ id }: Entry) => `test/infra/fixtures/${id}.ts`

/** Load time grows with the code that is read at start; a checkout has the clients of two AWS services and all rules of money. */
const mostStartBytes = 540_000
/** With what is loaded when it is needed: two payment packages, or what draws a document, and its fonts. */
const mostBundleBytes = 1_600_000

let outdir = ''
const codeOf = (id: string, from = outdir) => readFile(join(from, 'functions', id, 'index.mjs'), 'utf8')

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'faregate-bundle-'))
  await bundleFunctions(fixtures, { outdir, entryOf })
})
afterAll(() => rm(outdir, { recursive: true }))

describe('a bundle', () => {
  it('holds its own operation and no other’s id', async () => {
    const code = await codeOf('oneOperation')
    const named = operations
      .filter(({ id }) => code.includes(`"${id}"`) || code.includes(`'${id}'`))
      .map(({ id }) => id)
    expect(operations.length).toBeGreaterThan(20)
    expect(named).toEqual(['getHealth'])
  })

  it('holds no schema of its area’s other operations', async () => {
    const code = await codeOf('oneOperation')
    expect(code).toContain('degraded')
    for (const foreign of ['usage_warning', 'text/html', '[a-z_]{1,40}', 'accountIds'])
      expect(code).not.toContain(foreign)
  })

  it('has the same bytes when built again elsewhere', async () => {
    const again = await mkdtemp(join(tmpdir(), 'faregate-bundle-'))
    await bundleFunctions(fixtures, { outdir: again, entryOf })
    for (const { id } of fixtures) expect((await codeOf(id, again)) === (await codeOf(id))).toBe(true)
    await rm(again, { recursive: true })
  })

  it('ships code and nothing else; maps lie beside', async () => {
    expect(await readdir(join(outdir, 'functions', 'oneOperation'))).toEqual(['index.mjs'])
    expect((await readdir(join(outdir, 'maps'))).sort()).toEqual(['httpClient.mjs.map', 'oneOperation.mjs.map'])
    expect(await codeOf('oneOperation')).not.toContain('sourceMappingURL')
  })

  it('takes credentials from the environment and node:https without importing it', async () => {
    const code = await codeOf('httpClient')
    expect(/from\s*["']node:https?["']/.test(code)).toBe(false)
    expect(code.includes('getBuiltinModule("node:https")')).toBe(true)
    // The SDK's chain would go on to web identity, SSO and profiles.
    expect(code.includes('AssumeRoleWithWebIdentity')).toBe(false)
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', invocation], {
      env: {
        BUNDLE: join(outdir, 'functions', 'httpClient', 'index.mjs'),
        AWS_ACCESS_KEY_ID: 'id-of-the-role',
        AWS_SECRET_ACCESS_KEY: 'not-a-secret',
        AWS_SESSION_TOKEN: 'token-of-the-role',
      },
    })
    expect(JSON.parse(stdout)).toMatchObject({
      request: 'function',
      credentials: { accessKeyId: 'id-of-the-role', sessionToken: 'token-of-the-role' },
    })
  })

  it('goes when its operation goes', async () => {
    const other = await mkdtemp(join(tmpdir(), 'faregate-bundle-'))
    await bundleFunctions(fixtures, { outdir: other, entryOf })
    await bundleFunctions(fixtures.slice(0, 1), { outdir: other, entryOf })
    expect(await readdir(join(other, 'functions'))).toEqual(['oneOperation'])
    await rm(other, { recursive: true })
  })

  it('is refused for an operation without a function file', async () => {
    const missing: Entry[] = [{ id: 'doNothing', area: 'usage' }]
    await expect(bundleFunctions(missing, { outdir })).rejects.toThrow('functions/usage/doNothing.ts')
  })
})

describe('the bundles of all operations', () => {
  it(`read under ${mostStartBytes / 1000} kB each at start, so that a cold start stays short`, async () => {
    const bundles = await bundleFunctions(operations, { outdir: join(outdir, 'all') })
    expect(bundles.map(({ id }) => id)).toEqual(operations.map(({ id }) => id))
    expect(bundles.filter(({ startBytes }) => startBytes > mostStartBytes)).toEqual([])
    expect(bundles.filter(({ sizeBytes }) => sizeBytes > mostBundleBytes)).toEqual([])
    // Each function's map is made in this run: 5 s on a free machine, more beside the suite's other worker.
  }, 90_000)
})

const invocation = `
  const { handler } = await import(process.env.BUNDLE)
  process.stdout.write(JSON.stringify(await handler()))
`

describe('markPure', () => {
  const cases: [string, string, boolean][] = [
    ['a call', 'export const a = f({ b: 1 })', true],
    ['a chain of calls', 'export const a = f().check(g(1), g(2))', true],
    ['a spread of what was computed', 'export const a = { ...f().shape }', true],
    ['an array', 'const a = [f(), f()] as const', true],
    ['a regular expression in a call', 'export const a = f(/[)};]/)', true],
    ['an arrow function', 'export const a = () => f()', false],
    ['a number', 'export const a = 12', false],
    ['a variable that may change', 'let a = f()', false],
    ['a call for its effect', 'f()', false],
  ]

  it.each(cases)('%s', (_name, source, marked) => {
    expect(markPure(source).includes('@__PURE__')).toBe(marked)
  })

  it('changes no value', async () => {
    const source = 'const n = [1, 2].map((x) => x + 1), o = { n, s: `(${n})` }\nexport { o }'
    const file = join(outdir, 'marked.mjs')
    await writeFile(file, (await transform(markPure(source), { loader: 'ts' })).code)
    expect((await import(file)).o).toEqual({ n: [2, 3], s: '(2,3)' })
  })
})
