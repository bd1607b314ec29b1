import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run as eraseAccountRun } from '#functions/accounts/eraseAccount'
import { eraseAccount } from '#operations/accountData'
import { callsOf } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
const { getAccount, grantPlan, putAccount } = callsOf(deps)
let folder: string
let tableName: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'erasures-'))
  tableName = (await deps.engine.client.send(new ListTablesCommand({}))).TableNames?.[0] ?? ''
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await deps.stop()
})

const command = (...args: string[]) =>
  new Promise<{ status: number; lines: string[] }>((resolve) => {
    const env = { ...process.env, TABLE_NAME: tableName, DYNAMODB_ENDPOINT: deps.engine.endpoint }
    execFile(process.execPath, ['local/cli/erasures.ts', ...args], { env }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
      resolve({ status: error ? Number(error.code) : 0, lines })
    })
  })
const made = (account: string) => putAccount({ account, body: { email: 'a@example.com' } })

describe('npm run erasures', () => {
  it('lists what was erased, and replays a list: once, with those named that have a plan', async () => {
    for (const account of ['gone', 'subscribed']) await made(account)
    await invoke(eraseAccount, eraseAccountRun, deps, { account: 'gone' })
    const listed = await command('list', '40')
    expect(listed).toEqual({ status: 0, lines: [JSON.stringify({ accountId: 'gone', erasedAt: deps.clock.now() })] })
    await grantPlan({ account: 'subscribed', body: { priceId: 'team-month', reason: 'x' } })
    await made('back')
    const file = join(folder, 'list.jsonl')
    const lines = ['gone', 'back', 'subscribed', 'nobody'].map((accountId) =>
      JSON.stringify({ accountId, erasedAt: 1 }),
    )
    await writeFile(file, `${lines.join('\n')}\n`)
    expect(await command('replay', file)).toEqual({
      status: 1,
      lines: [
        'subscribed: The account has a live subscription. Cancel it first.',
        `1 erased, 2 as they should be, 1 refused, in ${tableName} at ${deps.engine.endpoint}.`,
      ],
    })
    expect((await getAccount({ account: 'back' })).status).toBe(404)
    const again = await command('replay')
    expect(again.lines.at(-1)).toMatch(/^0 erased, 2 as they should be, 0 refused/)
  }, 60_000)

  it('1 for an unknown verb and for a file that is no list', async () => {
    expect(await command('forget')).toMatchObject({ status: 1 })
    const file = join(folder, 'wrong.jsonl')
    await writeFile(file, '{"accountId":1}\n')
    expect(await command('replay', file)).toEqual({
      status: 1,
      lines: [`${file}: line 1 is not one of "npm run erasures -- list"`],
    })
  }, 60_000)
})
