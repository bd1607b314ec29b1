import type { Traffic } from './paymentTraffic.ts'
import { Violation, type World } from './world.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
const tickMs = 15 * minuteMs
/** What lies longer in the outbox is the sweeper's. */
const outboxMs = 15 * minuteMs
const mostRounds = 80

/** When there is something for the sweepers to do: the earliest instant, or never. Runs before it would read and do nothing. */
function nextDue({ store }: World, before: number): number {
  const due = store.items().flatMap(({ gsi2pk, gsi2sk, entity, writtenAt }) => {
    if (typeof gsi2pk === 'string' && gsi2pk.startsWith('DUE#')) return [Date.parse(String(gsi2sk).slice(0, 24))]
    return entity === 'outbox' ? [Number(writtenAt) + outboxMs] : []
  })
  return Math.min(Number.POSITIVE_INFINITY, ...due.filter((at) => at < before))
}

const nextTick = (at: number): number => (Math.floor(at / tickMs) + 1) * tickMs

/** The schedules of every quarter of an hour, until then. */
export async function sweepUntil(world: World, traffic: Traffic, until: number): Promise<void> {
  while (world.now < until) {
    const next = nextDue(world, until)
    // Looked at again within the hour: what falls due meanwhile is not known yet.
    const at = nextTick(Math.min(Math.max(next, world.now), world.now + hourMs))
    await world.scheduler.sleep(at - world.now)
    if (nextDue(world, until) <= world.now) await sweepOnce(world, traffic)
  }
}

async function sweepOnce(world: World, traffic: Traffic): Promise<void> {
  const today = Math.floor(world.now / dayMs) * dayMs
  // The run of the night looks a week back; the others would find the same, or nothing, in the last three hours.
  const isLongAgo = world.store
    .items()
    .some(({ entity, writtenAt }) => entity === 'outbox' && Number(writtenAt) < world.now - 2 * hourMs)
  await Promise.all([
    traffic.run('sweepDue', world.now),
    traffic.run('sweepOutbox', today + (isLongAgo ? 3 : 12) * hourMs),
  ])
}

/** Each night at three, until then. */
export async function compareUntil(world: World, traffic: Traffic, until: number): Promise<void> {
  for (let at = Math.floor(world.now / dayMs) * dayMs + 3 * hourMs; at < until; at += dayMs) {
    if (at <= world.now) continue
    await world.scheduler.sleep(at - world.now)
    await traffic.run('comparePayments', at)
  }
}

/** Sweeps until nothing falls due any more before `until`. */
export async function sweepOut(world: World, traffic: Traffic, until: number): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const next = nextDue(world, until)
    if (next === Number.POSITIVE_INFINITY) return
    await world.scheduler.sleep(nextTick(Math.max(next, world.now)) - world.now)
    await sweepOnce(world, traffic)
    await world.scheduler.sleep(hourMs)
  }
  throw new Violation(`something is due for ever: ${JSON.stringify(stuckIn(world))}`)
}

const stuckIn = ({ store }: World): unknown[] =>
  store.items().flatMap(({ pk, sk, gsi2pk, gsi2sk }) => (String(gsi2pk).startsWith('DUE#') ? [{ pk, sk, gsi2sk }] : []))
