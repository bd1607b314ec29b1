import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createPool, type FunctionPool, type PoolOptions } from '#local/functions/pool'

const folders: string[] = []
const pools: FunctionPool[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function start(code: string, options: Partial<PoolOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'faregate-pool-'))
  folders.push(directory)
  writeFileSync(join(directory, 'index.mjs'), code)
  const lines: string[] = []
  const model = {
    name: 'f',
    arn: 'arn',
    handler: 'index.handler',
    directory,
    environment: {},
    timeoutSeconds: 2,
    memoryMegabytes: 128,
  }
  const pool = createPool(model, { environment: { COLOUR: 'red' }, onLine: (line) => lines.push(line), ...options })
  pools.push(pool)
  const results = async (count: number) => {
    const outcomes = await Promise.all(Array.from({ length: count }, () => pool.invoke({})))
    return outcomes.map((outcome) => (outcome.kind === 'answer' ? outcome.result : outcome.kind))
  }
  return { pool, lines, results }
}

const counting = `
let events = 0, atOnce = 0
export const handler = async () => {
  events += 1; atOnce += 1
  await new Promise((resolve) => setTimeout(resolve, 30))
  const seen = { events, atOnce }
  atOnce -= 1
  return seen
}`

describe('a function’s workers', () => {
  it('take one event at a time each, beside each other up to the cap', async () => {
    const { results } = start(counting, { workersMax: 3 })
    const seen = await results(9)
    expect(seen.map((each) => Object(each).atOnce)).toEqual(Array(9).fill(1))
    expect(Math.max(...seen.map((each) => Object(each).events))).toBeLessThanOrEqual(7)
    expect(seen.filter((each) => Object(each).events === 1).length).toBeLessThanOrEqual(3)
  })

  it('are used again, and end when idle', async () => {
    const { results } = start(counting, { idleMs: 150 })
    expect(await results(1)).toEqual([{ events: 1, atOnce: 1 }])
    expect(await results(1)).toEqual([{ events: 2, atOnce: 1 }])
    await expect.poll(async () => Object((await results(1))[0]).events, { interval: 400, timeout: 10_000 }).toBe(1)
  })

  it('see their own environment and nothing of the host’s', async () => {
    const { results } = start('export const handler = async () => process.env')
    expect(await results(1)).toEqual([{ COLOUR: 'red' }])
  })

  it('that cannot load their bundle say why', async () => {
    const { results, lines } = start('export const other = 1')
    expect(await results(1)).toEqual(['crash'])
    expect(lines.join()).toContain('handler is undefined or not exported')
  })

  it('that time out end alone: the event beside them passes', async () => {
    const { pool } = start('export const handler = async (event) => { if (event.hang) for (;;); return "fine" }')
    const [hanging, passing] = await Promise.all([pool.invoke({ hang: true }), pool.invoke({})])
    expect(hanging).toEqual({ kind: 'timeout' })
    expect(passing).toEqual({ kind: 'answer', result: 'fine' })
  })

  it('that crash between two events are replaced', async () => {
    const { results, lines } = start(
      `export const handler = async () => { setTimeout(() => { throw new Error('after the answer') }, 5); return 'fine' }`,
    )
    expect(await results(1)).toEqual(['fine'])
    await expect.poll(() => lines.join()).toContain('after the answer')
    expect(await results(1)).toEqual(['fine'])
  })

  it('that are stopped give their waiting events back', async () => {
    const { pool } = start('export const handler = () => new Promise(() => setInterval(() => {}, 1000))', {
      workersMax: 1,
    })
    const both = Promise.all([pool.invoke({}), pool.invoke({})])
    await pool.stop()
    expect(await both).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }])
    expect(await pool.invoke({})).toEqual({ kind: 'stopped' })
  })
})
