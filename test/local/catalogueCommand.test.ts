import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { catalogueCommand } from '#local/cli/catalogue'
import { largestCatalogueBytes } from '#table/catalogue'
import type { Table } from '#table/port'
import { countPriceWrite } from '#table/subscriptions'
import { memoryTable } from '#test/simulation/memoryTable'
import { catalogueJson } from '#test/support/catalogues'

let folder: string
let table: Table
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalogue-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  table = memoryTable()
})

const file = async (content: unknown): Promise<string> => {
  const path = join(folder, 'catalogue.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const run = (...args: string[]) => catalogueCommand(args, () => ({ table, where: 'the test table', close: () => {} }))
const noStack = () => {
  throw new Error('no stack is needed here')
}
const example = (over: object = {}) => ({ ...Object(catalogueJson('example')), ...over })
const withoutTeam = () => example({ plans: example().plans.slice(0, 1), discounts: [], coupons: [] })

describe('check', () => {
  it('counts what is in a catalogue, without a stack', async () => {
    const path = await file(example())
    expect(await catalogueCommand(['check', path], noStack)).toEqual({
      status: 0,
      lines: [`${path} is a catalogue: 5 features, 2 plans, 2 prices, 2 products`],
    })
  })
  it('says each mistake on a line with its path', async () => {
    const path = await file(example({ currency: 'EURO', plans: [] }))
    expect(await catalogueCommand(['check', path], noStack)).toEqual({
      status: 1,
      lines: ['currency: must be an ISO 4217 currency code', 'plans: must have at least 1 entries'],
    })
  })
})

describe('publish and diff', () => {
  it('publish once, then again without effect', async () => {
    const path = await file(example())
    expect(await run('diff', path)).toEqual({
      status: 1,
      lines: ['nothing has been published yet: the whole file is new'],
    })
    expect(await run('publish', path)).toEqual({
      status: 0,
      lines: ['published version 1 to the test table; functions take it up within a minute'],
    })
    expect(await run('publish', path)).toEqual({
      status: 0,
      lines: ['version 1 is the same already; nothing was published'],
    })
    expect(await run('diff', path)).toEqual({ status: 0, lines: ['no difference to version 1'] })
  })
  it('diff shows a line for each difference', async () => {
    await run('publish', await file(example()))
    expect(await run('diff', await file(example({ name: 'renamed', provider: 'stripe', coupons: [] })))).toMatchObject({
      status: 1,
      lines: ['~ name: "example" → "renamed"', expect.stringMatching(/^- coupons\.WELCOME: /), '+ provider: "stripe"'],
    })
  })
  it('a stranded subscriber stops it, a mapping lets it pass', async () => {
    await run('publish', await file(example()))
    for (const by of [1, 1] as const) await table.write([countPriceWrite('team-month', by, 0)])
    const path = await file(withoutTeam())
    expect(await run('publish', path)).toEqual({
      status: 1,
      lines: ['price team-month would strand 2 live subscriptions: keep it, or map it with --map team-month=NEW'],
    })
    expect(await run('publish', path, '--map', 'team-month=gold')).toEqual({
      status: 1,
      lines: ['--map: price team-month is mapped to gold, which the new catalogue does not have'],
    })
    expect(await run('publish', path, '--map', 'team-month=free')).toMatchObject({ status: 0 })
  })
})

describe('what cannot be done is one clear line', () => {
  const usage = /^usage: npm run catalogue -- check\|publish\|diff FILE/
  it.each([[[]], [['check']], [['burn', 'x.json']], [['check', 'x.json', 'y.json']], [['check', 'x.json', '--force']]])(
    '%j',
    async (args) => {
      await expect(catalogueCommand(args, noStack)).rejects.toThrow(usage)
    },
  )
  it.each(['old', 'old=', '=new', 'a=b=c'])('--map %s', async (pair) => {
    await expect(run('publish', 'x.json', '--map', pair)).rejects.toThrow(
      `--map ${pair} is not of the form old-price=new-price`,
    )
  })
  it('--map with another command', async () => {
    await expect(run('diff', 'x.json', '--map', 'a=b')).rejects.toThrow('--map is for publish only')
  })
  it('a file that is missing, too large, or no JSON', async () => {
    await expect(run('check', join(folder, 'missing.json'))).rejects.toThrow('missing.json cannot be read')
    await expect(run('check', await file(' '.repeat(largestCatalogueBytes + 1)))).rejects.toThrow(
      'has 300001 bytes, of 300000 at most',
    )
    await expect(run('check', await file('{"name": '))).rejects.toThrow('is not JSON')
  })
})
