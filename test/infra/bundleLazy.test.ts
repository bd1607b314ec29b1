import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Invoice } from '#domain/invoice'
import { type Bundle, bundleFunctions, type Entry } from '#infra/bundle'
import { lazyFileOf } from '#infra/lazyModules'

const run = promisify(execFile)
const fixtures: Entry[] = ['oneOperation', 'gatewayUser', 'invoicePrinter'].map((id) => ({ id, area: 'operation' }))
const entryOf = ({ id }: Entry) => `test/infra/fixtures/${id}.ts`
const pdfFiles = ['embedded-fonts.mjs', 'index.mjs', 'pdfkit.mjs']

let outdir = ''
let bundles: Bundle[] = []
const filesOf = async (id: string, from = outdir) => (await readdir(join(from, 'functions', id))).sort()
const folder = () => mkdtemp(join(tmpdir(), 'faregate-lazy-'))

beforeAll(async () => {
  outdir = await folder()
  bundles = await bundleFunctions(fixtures, { outdir, entryOf })
})
afterAll(() => rm(outdir, { recursive: true }))

/** Calls a bundle that stands alone: its folder, copied to where no package is in reach, in a fresh process. */
async function called(id: string, event?: unknown): Promise<{ answer: string; lazilyRead: string[] }> {
  const alone = await folder()
  try {
    await cp(join(outdir, 'functions', id), alone, { recursive: true })
    await writeFile(join(alone, 'hooks.mjs'), hooks)
    await writeFile(join(alone, 'call.mjs'), caller)
    const { stdout } = await run(process.execPath, ['call.mjs', JSON.stringify(event ?? null)], {
      cwd: alone,
      env: {},
      maxBuffer: 8_000_000,
    })
    return JSON.parse(stdout)
  } finally {
    await rm(alone, { recursive: true })
  }
}

/** Every module that is loaded after `index.mjs`, from its folder. */
const hooks = `
  export const read = []
  export const note = (url) => read.push(url.split('/').at(-1))
`
const caller = `
  import { registerHooks } from 'node:module'
  import { note, read } from './hooks.mjs'
  registerHooks({ load: (url, context, next) => { if (url.startsWith('file:')) note(url); return next(url, context) } })
  const { handler } = await import('./index.mjs')
  const event = JSON.parse(process.argv[2])
  const answer = await handler(event === null ? undefined : event)
  process.stdout.write(JSON.stringify({ answer, lazilyRead: read.filter((name) => name !== 'index.mjs') }))
`

describe('a function that can call a provider', () => {
  it('holds each package in a file of its own, and nobody else holds it', async () => {
    expect(await filesOf('gatewayUser')).toEqual(['index.mjs', 'razorpay.mjs', 'stripe.mjs'])
    expect(await filesOf('oneOperation')).toEqual(['index.mjs'])
  })

  it('reads none of them at start, nor when it makes no call', async () => {
    expect(await called('gatewayUser')).toEqual({ answer: 'no call', lazilyRead: [] })
  })

  it.each(['stripe', 'razorpay'])('reads %s, and only that, at the first call to it', async (provider) => {
    const { answer, lazilyRead } = await called('gatewayUser', provider)
    expect(lazilyRead).toEqual([`${provider}.mjs`])
    // The package ran: its own refusal, or that nobody listens.
    expect(answer).toMatch(new RegExp(`^GatewayError: ${provider}: `))
    expect(answer).not.toContain('misconfigured')
  })

  it('counts all files in its size, and index.mjs alone in what it reads at start', async () => {
    for (const { id, directory, startBytes, sizeBytes } of bundles) {
      const sizes = await Promise.all((await filesOf(id)).map(async (name) => (await stat(join(directory, name))).size))
      expect(sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
      expect(startBytes).toBe((await stat(join(directory, 'index.mjs'))).size)
    }
    const user = bundles.find(({ id }) => id === 'gatewayUser')
    expect(user?.startBytes).toBeLessThan(150_000)
    expect(user?.sizeBytes).toBeGreaterThan(400_000)
  })
})

describe('the files of a function', () => {
  it('have the same bytes when built again elsewhere, and maps lie beside', async () => {
    const again = await folder()
    await bundleFunctions(fixtures, { outdir: again, entryOf })
    for (const { id } of fixtures) {
      for (const name of await filesOf(id)) {
        const [one, two] = [outdir, again].map((from) => join(from, 'functions', id, name))
        expect((await readFile(one ?? '')).equals(await readFile(two ?? ''))).toBe(true)
      }
    }
    const maps = ['embedded-fonts', 'gatewayUser', 'invoicePrinter', 'oneOperation', 'pdfkit', 'razorpay', 'stripe']
    expect((await readdir(join(again, 'maps'))).sort()).toEqual(maps.map((name) => `${name}.mjs.map`))
    await rm(again, { recursive: true })
  })

  it('go when the function no longer loads them', async () => {
    const other = await folder()
    const asAnother = ({ id }: Entry) => `test/infra/fixtures/${id === 'gatewayUser' ? 'oneOperation' : id}.ts`
    await bundleFunctions(fixtures, { outdir: other, entryOf })
    await bundleFunctions(fixtures, { outdir: other, entryOf: asAnother })
    expect(await filesOf('gatewayUser', other)).toEqual(['index.mjs'])
    expect(await filesOf('invoicePrinter', other)).toEqual(pdfFiles)
    await rm(other, { recursive: true })
  })

  it.each([
    ['stripe', 'stripe.mjs'],
    ['@scope/name', '-scope-name.mjs'],
  ])('%s is in %s', (specifier, file) => {
    expect(lazyFileOf(specifier)).toBe(file)
  })
})

describe('a function that draws documents', () => {
  const invoice: Invoice = {
    id: 'inv_1',
    kind: 'invoice',
    series: 'INV-2026',
    number: 'INV-2026-000001',
    accountId: 'acc_1',
    paymentId: 'fpay_1',
    seller: { name: 'Seller' },
    buyer: { name: 'Buyer' },
    currency: 'GHS',
    lines: [],
    taxes: [],
    subtotalMinor: 0,
    taxMinor: 0,
    totalMinor: 0,
    adjustments: [],
    paidMinor: 0,
    issuedAt: 0,
    issuedOn: '1970-01-01',
  }

  it('has its fonts with it and draws where there is no package', async () => {
    expect(await filesOf('invoicePrinter')).toEqual(pdfFiles)
    const { answer, lazilyRead } = await called('invoicePrinter', invoice)
    const bytes = Buffer.from(answer, 'base64')
    expect(bytes.subarray(0, 8).toString()).toBe('%PDF-1.7')
    expect(bytes.includes('/FontFile2')).toBe(true)
    expect(lazilyRead.sort()).toEqual(['embedded-fonts.mjs', 'pdfkit.mjs'])
  })

  it('draws what the source draws, byte for byte', async () => {
    const { invoicePdf } = await import('#gateways/invoicePdf')
    const { answer } = await called('invoicePrinter', invoice)
    expect(Buffer.from(answer, 'base64').equals(Buffer.from(await invoicePdf(invoice)))).toBe(true)
  })
})
