import { createServer } from 'node:http'
import { afterAll, describe, expect, it } from 'vitest'
import { turnClock } from '#local/cli/clock'
import { stackClock } from '#local/clock'
import { startFollower } from '#local/follower'
import { listen } from '#local/gateway/server'
import { findClock, findFollowers, putClockWrite } from '#table/clock'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
const closing: (() => void)[] = []
afterAll(async () => {
  for (const close of closing) close()
  await deps.stop()
})

/** An API whose clock answers as listed, the last for ever; `asked` lists the bodies. */
async function api(answers: { get?: object[]; post?: [number, object][] }) {
  const asked: unknown[] = []
  const server = createServer((message, response) => {
    let body = ''
    message.on('data', (part) => (body += part))
    message.on('end', () => {
      if (message.method === 'POST') asked.push(JSON.parse(body))
      const [status, answer] =
        message.method === 'POST' ? (answers.post?.shift() ?? [500, {}]) : [200, next(answers.get ?? [])]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  const apiUrl = await listen(server, 0, '--port')
  closing.push(() => server.close())
  return { apiUrl, adminToken: 'token', asked }
}
const next = (list: object[]): object => (list.length > 1 ? list.shift() : list[0]) ?? {}

const ready = { now: '2027-12-01T00:00:00.000Z', status: 'ready', frozen: false }
const on = (now: string) => ({
  now,
  status: 'advancing',
  frozen: false,
  from: '2026-12-01T00:00:00.000Z',
  target: '2027-12-01T00:00:00.000Z',
})

describe('npm run clock', () => {
  it('advance waits, with a bar that grows, and prints the instant', async () => {
    const stack = await api({
      post: [[202, on('2026-12-01T00:00:00.000Z')]],
      get: [on('2027-06-01T12:00:00.000Z'), ready],
    })
    const shown: string[] = []
    expect(await turnClock(['advance', 'P1Y'], stack, (line) => shown.push(line))).toBe('2027-12-01T00:00:00.000Z')
    expect(stack.asked).toEqual([{ advance: 'P1Y' }])
    expect(shown).toEqual([
      `[${'░'.repeat(30)}]   0 %  2026-12-01 → 2027-12-01`,
      `[${'█'.repeat(15)}${'░'.repeat(15)}]  50 %  2027-06-01 → 2027-12-01`,
    ])
  })

  it.each([
    [['now'], [], ready, '2027-12-01T00:00:00.000Z'],
    [['freeze'], [{ freeze: true }], { ...ready, frozen: true }, '2027-12-01T00:00:00.000Z, standing still'],
    [['thaw'], [{ freeze: false }], ready, '2027-12-01T00:00:00.000Z'],
    [
      ['set', '2027-12-01T00:00:00Z'],
      [{ now: '2027-12-01T00:00:00Z' }],
      { ...ready, stuck: 2 },
      '2027-12-01T00:00:00.000Z; 2 due on the way did not move (npm run logs says what)',
    ],
  ])('%j asks for %j', async (words, asked, answer, line) => {
    const stack = await api({ post: [[200, answer]], get: [answer] })
    expect(await turnClock(words, stack, () => {})).toBe(line)
    expect(stack.asked).toEqual(asked)
  })

  it('what the clock refuses is one line; so are words that mean nothing', async () => {
    const stack = await api({ post: [[409, { detail: 'The clock only goes forward.' }]] })
    await expect(turnClock(['set', '2020-01-01T00:00:00Z'], stack, () => {})).rejects.toThrow(
      'The clock only goes forward.',
    )
    for (const words of [[], ['advance'], ['freeze', 'x'], ['set', 'a', 'b'], ['back']])
      await expect(turnClock(words, stack, () => {})).rejects.toThrow('npm run clock --')
  })
})

describe('who follows the clock', () => {
  it('says which version it has acted on, and when it next has something to do, once all has arrived', async () => {
    const clock = await stackClock(deps.table)
    const start = Date.UTC(2027, 0, 1)
    const happened: string[] = []
    let waiting = [start + 1_000, start + 5_000]
    const follower = await startFollower({
      table: deps.table,
      clock,
      fakes: {
        tick: () => {
          happened.push('tick')
          waiting = waiting.filter((at) => at > clock.now())
        },
        idle: async () => void happened.push('idle'),
        nextAt: () => waiting[0],
      },
      scheduler: { tick: async () => void happened.push('schedules'), nextAt: () => start + 3_000 },
      log: (line) => happened.push(line),
    })
    const said = async () => (await findFollowers(deps.table))[0]
    expect(await said()).toMatchObject({ name: 'local', answered: 0 })
    happened.length = 0
    const advance = { turn: 'req', from: start, target: start + 9_000, freeze: true, steps: 0, stuck: 0, givenUpTo: 0 }
    const item = await findClock(deps.table)
    await follower.during(async () => {
      await deps.table.write([putClockWrite({ frozenAt: start + 2_000, advance }, item, 1)])
      await expect.poll(said).toMatchObject({ answered: 1, nextAt: start + 3_000 })
    })
    expect(happened).toEqual(['tick', 'idle', 'schedules', 'tick', 'idle'])
    expect(waiting).toEqual([start + 5_000])
    expect(clock.target()).toBe(start + 9_000)
    await follower.stop()
  })
})
