import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unansweredMs } from '#domain/subscriptionDue'
import { advanceOf } from '#domain/testClock'
import { dueQueues } from '#operations/definition'
import { sweepDue } from '#operations/usage'
import { findClock, putClockWrite, putFollowerWrite, readClock } from '#table/clock'
import type { Table } from '#table/port'
import { callsOf, takeSent } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { clockWorld, withStillTime } from './clockSupport.ts'

let deps: TestDeps
beforeAll(async () => {
  deps = withStillTime(await testDeps())
})
afterAll(() => deps.stop())

let year = 2030
let jan: string
const on = (month: number, day: number, time = '00:00:00.000') =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T${time}Z`
/** Each test in a year of its own, standing at its beginning. */
beforeEach(async () => {
  year += 2
  jan = on(1, 1)
  const item = await findClock(deps.table)
  await deps.table.write([putClockWrite({ frozenAt: Date.parse(jan) }, item, deps.clock.real())])
  deps.sent.length = 0
})

describe('the clock on its way', () => {
  it('works off forty things over a year, each at its own instant, and lands on the target', async () => {
    const world = clockWorld(deps)
    const expected = Array.from({ length: 40 }, (_, count) => ({
      key: `row-${count}`,
      at: new Date(Date.parse(jan) + (count + 1) * 9 * 86_400_000 + count * 1_234).toISOString(),
    }))
    for (const { key, at } of expected.toReversed()) await world.plan(key, at)
    const answer = await world.calls.setClock({ body: { advance: 'P1Y' } })
    expect(answer).toMatchObject({ status: 200, body: { now: `${year + 1}-01-01T00:00:00.000Z`, status: 'ready' } })
    expect(answer.body).not.toHaveProperty('stuck')
    expect(world.done).toEqual(expected)
    expect(readClock(await findClock(deps.table))).not.toHaveProperty('advance')
  })

  it('a renewal that makes the next one due meets it in its month, and one at the same instant before going on', async () => {
    let again = true
    const world = clockWorld(deps, (name, now) => {
      if (name === 'twice' && again) {
        again = false
        return now
      }
      if (name !== 'monthly') return undefined
      const date = new Date(now)
      return date.setUTCMonth(date.getUTCMonth() + 1)
    })
    await world.plan('monthly', on(2, 1))
    await world.plan('twice', on(3, 1))
    await world.calls.setClock({ body: { now: on(6, 1) } })
    expect(world.done.filter(({ key }) => key === 'monthly').map(({ at }) => at)).toEqual(
      [2, 3, 4, 5, 6].map((month) => on(month, 1)),
    )
    expect(world.done.filter(({ key }) => key === 'twice').map(({ at }) => at)).toEqual([on(3, 1), on(3, 1)])
    await deps.table.write([{ kind: 'delete', key: { pk: 'ACCOUNT#monthly', sk: 'USE#test' }, when: 'unconditional' }])
  })

  it('does what is due at the start and at the target, and leaves what is due a millisecond later', async () => {
    const world = clockWorld(deps)
    await world.plan('before', on(1, 1))
    await world.plan('last', on(2, 1))
    await world.plan('later', on(2, 1, '00:00:00.001'))
    await world.calls.setClock({ body: { now: on(2, 1) } })
    expect(world.done).toEqual([
      { key: 'before', at: on(1, 1) },
      { key: 'last', at: on(2, 1) },
    ])
    await deps.table.write([{ kind: 'delete', key: { pk: 'ACCOUNT#later', sk: 'USE#test' }, when: 'unconditional' }])
  })

  it('an event that came in is waited for before the clock goes on; its row is met where it falls due', async () => {
    const world = clockWorld(deps)
    await world.plan('EVT#stripe#evt_1', on(1, 1, '00:15:00.000'))
    const before = deps.clock.real()
    await world.calls.setClock({ body: { now: on(1, 2) } })
    expect(deps.clock.real() - before).toBeGreaterThan(3_000)
    expect(world.done).toEqual([{ key: 'EVT#stripe#evt_1', at: on(1, 1, '00:15:00.000') }])
  })

  it('a charge that is being asked for is waited for: the clock is not there before its answer', async () => {
    const world = clockWorld(deps, (_name, now) => now + unansweredMs)
    await world.plan('sub', on(2, 1))
    let waitedMs = 0
    let answeredAt: number | undefined
    const wait = async (milliseconds: number) => {
      await world.deps.wait(milliseconds)
      waitedMs += world.done.length > 0 ? milliseconds : 0
      if (waitedMs < 1_000 || answeredAt !== undefined) return
      answeredAt = await world.now()
      await world.plan('sub', on(3, 1))
    }
    const calls = callsOf({ ...world.deps, wait })
    expect((await calls.setClock({ body: { now: on(2, 1) } })).body).toMatchObject({ now: on(2, 1), status: 'ready' })
    expect(answeredAt).toBe(Date.parse(on(2, 1)))
    expect(world.done).toEqual([{ key: 'sub', at: on(2, 1) }])
  })

  it('what does not move is tried again, given up after half a minute, tried daily, and told', async () => {
    const world = clockWorld(deps, (name) => (name === 'failing' ? 'stays' : undefined))
    await world.plan('failing', on(1, 10))
    await world.plan('fine', on(1, 12))
    expect(await world.calls.setClock({ body: { now: on(1, 20) } })).toMatchObject({
      status: 202,
      body: { status: 'advancing', now: on(1, 10), from: jan, target: on(1, 20), frozen: true },
    })
    expect(await world.calls.getClock()).toMatchObject({
      status: 200,
      body: { status: 'advancing', target: on(1, 20) },
    })
    expect(await world.work()).toBe(1)
    // What was sent on arrival comes in after the end.
    await world.deps.wait(0)
    expect((await world.calls.getClock()).body).toMatchObject({ now: on(1, 20), status: 'ready', stuck: 1 })
    const times = (key: string) => world.done.filter((one) => one.key === key).map(({ at }) => at)
    expect(times('fine')).toEqual([on(1, 12)])
    expect(new Set(times('failing'))).toEqual(new Set([on(1, 10), on(1, 12), on(1, 20)]))
    expect(times('failing').filter((at) => at === on(1, 10)).length).toBeGreaterThan(2)
    expect(deps.logged.some(({ message }) => message === 'the test clock goes on without what is stuck')).toBe(true)
    await deps.table.write([{ kind: 'delete', key: { pk: 'ACCOUNT#failing', sk: 'USE#test' }, when: 'unconditional' }])
  })

  it('the worker goes on with what the request left, and queues itself while something is left', async () => {
    const world = clockWorld(deps, () => {
      deps.clock.passReal(10_000)
      return undefined
    })
    for (let day = 1; day <= 20; day++)
      await world.plan(`slow-${day}`, new Date(Date.parse(jan) + day * 86_400_000).toISOString())
    const first = await world.calls.setClock({ body: { now: on(4, 1) }, key: 'slow' })
    expect(first).toMatchObject({ status: 202, body: { status: 'advancing' } })
    expect(await world.calls.setClock({ body: { now: on(4, 1) }, key: 'slow' })).toMatchObject({
      status: 202,
      replayed: true,
      body: { status: 'advancing', target: on(4, 1) },
    })
    let slices = 0
    while ((await world.work()) > 0) slices += 1
    expect(slices).toBeGreaterThan(1)
    expect((await world.calls.getClock()).body).toMatchObject({ status: 'ready' })
    expect(world.done.map(({ at }) => at)).toEqual(
      Array.from({ length: 20 }, (_, day) => new Date(Date.parse(jan) + (day + 1) * 86_400_000).toISOString()),
    )
  })

  it('409 conflict for another turn on its way; 200 when it is sent where it goes anyway, or stopped', async () => {
    const world = clockWorld(deps, (name) => (name === 'wall' ? 'stays' : undefined))
    await world.plan('wall', on(2, 1))
    expect((await world.calls.setClock({ body: { now: on(3, 1) } })).status).toBe(202)
    for (const body of [{ advance: 'P1D' }, { now: on(4, 1) }, { freeze: false }])
      expect(await world.calls.setClock({ body })).toMatchObject({ status: 409, code: 'conflict' })
    expect(await world.calls.setClock({ body: { now: on(3, 1) } })).toMatchObject({
      status: 202,
      body: { now: on(2, 1), target: on(3, 1) },
    })
    expect(await world.calls.setClock({ body: { freeze: true } })).toMatchObject({
      status: 200,
      body: { now: on(2, 1), status: 'ready', frozen: true },
    })
    expect(await world.work()).toBe(2)
    expect(await world.now()).toBe(Date.parse(on(2, 1)))
    await deps.table.write([{ kind: 'delete', key: { pk: 'ACCOUNT#wall', sk: 'USE#test' }, when: 'unconditional' }])
  })

  it('waits for those who go by it, and stops where they have something to do', async () => {
    const stops: string[] = []
    const world = clockWorld(deps)
    const follow = async () => {
      const item = await findClock(deps.table)
      const clock = readClock(item)
      const now = await world.now()
      stops.push(new Date(now).toISOString())
      const nextAt = [on(1, 5), on(1, 7)].map((at) => Date.parse(at)).find((at) => at > now)
      await deps.table.write([
        putFollowerWrite({
          name: 'test',
          answered: Number(item?.ver),
          seenAt: deps.clock.real(),
          ...(nextAt !== undefined && { nextAt }),
        }),
      ])
      return clock
    }
    await follow()
    stops.length = 0
    const { wait } = world.deps
    world.deps.wait = async (milliseconds) => {
      await wait(milliseconds)
      await follow()
    }
    expect((await world.calls.setClock({ body: { now: on(1, 9) } })).status).toBe(200)
    expect([...new Set(stops)]).toEqual([jan, on(1, 5), on(1, 7), on(1, 9)])
    await deps.table.write([{ kind: 'delete', key: { pk: 'CLOCK', sk: 'FOLLOWER#test' }, when: 'unconditional' }])
  })

  it('does not wait for a follower that has gone silent', async () => {
    const world = clockWorld(deps)
    await deps.table.write([
      putFollowerWrite({ name: 'gone', answered: 0, nextAt: 0, seenAt: deps.clock.real() - 61_000 }),
    ])
    expect(await world.calls.setClock({ body: { advance: 'P1D' } })).toMatchObject({ status: 200 })
  })

  it('two at once make no step twice', async () => {
    const world = clockWorld(deps)
    for (let day = 2; day <= 12; day++) await world.plan(`pair-${day}`, on(1, day))
    const stopped = clockWorld({ ...deps, table: dyingAfter(deps.table, 0) })
    await expect(stopped.calls.setClock({ body: { now: on(2, 1) } })).rejects.toThrow('died')
    const { turn } = advanceOf(readClock(await findClock(deps.table))) ?? {}
    expect(takeSent(deps, 'clock')).toEqual([{ requestId: turn }])
    deps.sent.push({ queue: 'clock', message: { requestId: turn } })
    await Promise.all([world.work(), world.calls.setClock({ body: { now: on(2, 1) } })])
    const days = Array.from({ length: 11 }, (_, day) => on(1, day + 2))
    expect([...new Set(world.done.map(({ at }) => at))]).toEqual(days)
    for (const { key, at } of world.done) expect(at).toBe(on(1, Number(key.slice(5))))
  })

  it('dies between any two of its writes and is taken on by the next message: every instant is kept', async () => {
    const days = [2, 5, 9]
    for (let writes = 0; ; writes++) {
      year += 2
      jan = on(1, 1)
      const item = await findClock(deps.table)
      await deps.table.write([putClockWrite({ frozenAt: Date.parse(jan) }, item, deps.clock.real())])
      for (const day of days) await clockWorld(deps).plan(`crash-${day}`, on(1, day))
      const dying = clockWorld({ ...deps, table: dyingAfter(deps.table, writes) })
      const answer = await dying.calls
        .setClock({ body: { now: on(1, 20) }, key: `crash-${writes}` })
        .catch(() => undefined)
      const world = clockWorld(deps)
      while ((await world.work()) > 0);
      expect((await world.calls.getClock()).body).toMatchObject({ now: on(1, 20), status: 'ready' })
      for (const { key, at } of [...dying.done, ...world.done]) expect(at).toBe(on(1, Number(key.slice(6))))
      expect(new Set([...dying.done, ...world.done].map(({ key }) => key)).size).toBe(days.length)
      if (answer) {
        expect(writes).toBe(days.length + 2)
        return
      }
    }
  })

  it('leaves the clock to the messages of its own turn', async () => {
    const world = clockWorld(deps, (name) => (name === 'wall' ? 'stays' : undefined))
    await world.plan('wall', on(2, 1))
    expect((await world.calls.setClock({ body: { now: on(3, 1) } })).status).toBe(202)
    takeSent(deps, 'clock')
    const before = await findClock(deps.table)
    deps.sent.push({ queue: 'clock', message: { requestId: 'an earlier turn' } })
    expect(await world.work()).toBe(1)
    expect(await findClock(deps.table)).toEqual(before)
    expect(takeSent(deps, 'clock')).toEqual([])
    await deps.table.write([{ kind: 'delete', key: { pk: 'ACCOUNT#wall', sk: 'USE#test' }, when: 'unconditional' }])
  })

  it('has nothing to do in live mode, nor when nothing is under way', async () => {
    const live = await testDeps({ mode: 'live' })
    const world = clockWorld(live)
    live.sent.push({ queue: 'clock', message: { requestId: 'x' } })
    expect(await world.work()).toBe(1)
    expect(await findClock(live.table)).toBeUndefined()
    await live.stop()
    const before = await findClock(deps.table)
    deps.sent.push({ queue: 'clock', message: { requestId: 'x' } })
    expect(await clockWorld(deps).work()).toBe(1)
    expect(await findClock(deps.table)).toEqual(before)
    expect(takeSent(deps, 'clock')).toEqual([])
  })
})

it('sends where the sweep does', () => {
  expect([...(sweepDue.grants.send ?? [])].sort()).toEqual([...dueQueues].sort())
})

/** A table that ends whoever makes another write of the clock's item after the turn itself and so many more. */
function dyingAfter(table: Table, writes: number): Table {
  let left = writes + 1
  return {
    ...table,
    write: async (all) => {
      const steps = all.some((one) => one.kind === 'put' && one.item.pk === 'CLOCK')
      if (steps && left-- === 0) throw new Error('died')
      return table.write(all)
    },
  }
}
