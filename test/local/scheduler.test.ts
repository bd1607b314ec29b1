import { afterEach, describe, expect, it } from 'vitest'
import { parseExpression } from '#local/sources/expression'
import { createScheduler, occurrencesMax, type Scheduler } from '#local/sources/scheduler'
import type { ScheduleModel } from '#local/template/model'

const at = (iso: string) => Date.parse(iso)
const running: Scheduler[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((scheduler) => scheduler.stop()))
})

const schedule = (name: string, expression: string): ScheduleModel => ({
  name,
  expression,
  timeZone: 'UTC',
  target: { functionName: name },
  input: '{"scheduledAt":"<aws.scheduler.scheduled-time>"}',
})

/** A scheduler whose clock stands where `set` puts it; `fired` lists name and scheduled time. */
function start(startIso: string, ...schedules: ScheduleModel[]) {
  let now = at(startIso)
  let target: number | undefined
  const fired: string[] = []
  const lines: string[] = []
  const scheduler = createScheduler(schedules, now, {
    now: async () => now,
    target: () => target,
    fire: async ({ name }, event) => {
      fired.push(`${name} ${Object(event).scheduledAt}`)
      if (name === 'failing') throw new Error('on purpose')
    },
    log: (line) => lines.push(line),
  })
  running.push(scheduler)
  const set = async (iso: string) => {
    now = at(iso)
    await scheduler.tick()
  }
  /** A stop of a clock on its way. */
  const stop = (iso: string, targetIso: string) => {
    target = at(targetIso)
    return set(iso)
  }
  const land = (iso: string) => {
    target = undefined
    return set(iso)
  }
  const nextAt = () => {
    const next = scheduler.nextAt()
    return next === undefined ? undefined : new Date(next).toISOString()
  }
  return { set, stop, land, nextAt, fired, lines }
}

describe('schedules on the stack’s clock', () => {
  it('fire at their instant, not a millisecond before, and once', async () => {
    const { set, fired } = start('2026-01-31T00:00:00.000Z', schedule('hourly', 'rate(1 hour)'))
    await set('2026-01-31T00:59:59.999Z')
    expect(fired).toEqual([])
    await set('2026-01-31T01:00:00.000Z')
    await set('2026-01-31T01:00:00.001Z')
    expect(fired).toEqual(['hourly 2026-01-31T01:00:00.000Z'])
  })

  it('fire every occurrence that a jump passes, in order across schedules', async () => {
    const { set, fired } = start(
      '2026-01-31T22:30:00Z',
      schedule('daily', 'cron(30 23 * * ? *)'),
      schedule('hourly', 'rate(1 hour)'),
    )
    await set('2026-02-01T01:00:00Z')
    expect(fired).toEqual([
      'hourly 2026-01-31T23:00:00.000Z',
      'daily 2026-01-31T23:30:00.000Z',
      'hourly 2026-02-01T00:00:00.000Z',
      'hourly 2026-02-01T01:00:00.000Z',
    ])
  })

  it('do not make up for what was due before the start, nor fire again when the clock goes back', async () => {
    const { set, fired } = start('2026-01-31T00:30:00Z', schedule('hourly', 'rate(1 hour)'))
    await set('2026-01-31T02:00:00Z')
    await set('2026-01-31T00:00:00Z')
    await set('2026-01-31T02:00:00Z')
    expect(fired).toHaveLength(2)
  })

  it(`fire at most ${occurrencesMax} of one schedule after a long jump, the first and the last among them, and say so`, async () => {
    const { set, fired, lines } = start('2026-01-01T00:00:00Z', schedule('quarterly', 'rate(15 minutes)'))
    await set('2027-01-01T00:00:00Z')
    expect(fired).toHaveLength(occurrencesMax)
    expect(new Set(fired).size).toBe(occurrencesMax)
    expect(fired[0]).toBe('quarterly 2026-01-01T00:15:00.000Z')
    expect(fired.at(-1)).toBe('quarterly 2027-01-01T00:00:00.000Z')
    expect(lines).toEqual([expect.stringContaining('35040')])
  })

  it('have an advancing clock stop for them, each at its instant and once; frequent ones fire once, afterwards', async () => {
    const { stop, land, nextAt, fired } = start(
      '2026-01-01T00:00:00Z',
      schedule('daily', 'cron(30 3 * * ? *)'),
      schedule('quarterly', 'rate(15 minutes)'),
    )
    const target = '2026-01-03T01:00:00Z'
    await stop('2026-01-01T00:00:00Z', target)
    expect(nextAt()).toBe('2026-01-01T03:30:00.000Z')
    await stop('2026-01-01T03:30:00Z', target)
    await stop('2026-01-01T03:30:00Z', target)
    expect(nextAt()).toBe('2026-01-02T03:30:00.000Z')
    await stop('2026-01-02T03:30:00Z', target)
    expect(nextAt()).toBeUndefined()
    await stop(target, target)
    expect(fired).toEqual(['daily 2026-01-01T03:30:00.000Z', 'daily 2026-01-02T03:30:00.000Z'])
    await land('2026-01-03T01:00:01Z')
    await land('2026-01-03T01:00:02Z')
    expect(fired.slice(2)).toEqual(['quarterly 2026-01-03T01:00:00.000Z'])
    await land('2026-01-03T01:15:00Z')
    expect(fired.slice(3)).toEqual(['quarterly 2026-01-03T01:15:00.000Z'])
  })

  it('of one day have an advancing clock stop once, at the last of them: all fire in order, with their own times', async () => {
    const { stop, nextAt, fired } = start(
      '2026-01-01T00:00:00Z',
      schedule('late', 'cron(0 4 * * ? *)'),
      schedule('early', 'cron(0 1 * * ? *)'),
      schedule('noon', 'cron(0 12 * * ? *)'),
    )
    const target = '2026-01-02T02:00:00Z'
    await stop('2026-01-01T00:00:00Z', target)
    expect(nextAt()).toBe('2026-01-01T12:00:00.000Z')
    // Something else was due on the way.
    await stop('2026-01-01T02:00:00Z', target)
    expect(fired).toEqual(['early 2026-01-01T01:00:00.000Z'])
    await stop('2026-01-01T12:00:00Z', target)
    expect(fired.slice(1)).toEqual(['late 2026-01-01T04:00:00.000Z', 'noon 2026-01-01T12:00:00.000Z'])
    expect(nextAt()).toBe('2026-01-02T01:00:00.000Z')
  })

  it('of an advance that is stopped half way only those up to there have fired; the rest come when the clock does', async () => {
    const { stop, land, nextAt, fired } = start('2026-01-01T00:00:00Z', schedule('daily', 'cron(30 3 * * ? *)'))
    await stop('2026-01-01T03:30:00Z', '2026-01-10T00:00:00Z')
    await land('2026-01-01T12:00:00Z')
    expect(nextAt()).toBeUndefined()
    await land('2026-01-03T00:00:00Z')
    expect(fired).toEqual(['daily 2026-01-01T03:30:00.000Z', 'daily 2026-01-02T03:30:00.000Z'])
  })

  it(`stop an advancing clock at most ${occurrencesMax} times a schedule, the first and the last among them`, async () => {
    const { stop, nextAt, fired } = start('2026-01-01T00:00:00Z', schedule('daily', 'cron(30 3 * * ? *)'))
    const target = '2027-01-01T00:00:00Z'
    await stop('2026-01-01T00:00:00Z', target)
    for (let next = nextAt(); next !== undefined; next = nextAt()) await stop(next, target)
    expect(fired).toHaveLength(occurrencesMax)
    expect(fired[0]).toBe('daily 2026-01-01T03:30:00.000Z')
    expect(fired.at(-1)).toBe('daily 2026-12-31T03:30:00.000Z')
  })

  it('go on after one that fails, which is logged', async () => {
    const { set, fired, lines } = start(
      '2026-01-01T00:00:00Z',
      schedule('failing', 'rate(1 hour)'),
      schedule('fine', 'rate(1 hour)'),
    )
    await set('2026-01-01T01:00:00Z')
    expect(fired).toHaveLength(2)
    expect(lines).toEqual(['failing failed: Error: on purpose'])
  })
})

describe('schedule expressions', () => {
  it.each([
    ['rate(1 minute)', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00.000Z'],
    ['rate(2 days)', 'UTC', '2026-01-01T00:00:01Z', '2026-01-03T00:00:00.000Z'],
    ['cron(0 1 * * ? *)', 'UTC', '2026-01-01T01:00:00Z', '2026-01-02T01:00:00.000Z'],
    ['cron(0 0 L * ? *)', 'UTC', '2028-02-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['cron(0 9 ? * 2 *)', 'UTC', '2026-11-21T00:00:00Z', '2026-11-23T09:00:00.000Z'],
    ['cron(0 9 ? * MON-FRI *)', 'UTC', '2026-11-21T00:00:00Z', '2026-11-23T09:00:00.000Z'],
    ['cron(30 6 1 * ? *)', 'Asia/Kolkata', '2026-01-01T01:00:00Z', '2026-02-01T01:00:00.000Z'],
    ['cron(0/15 * * * ? *)', 'UTC', '2026-01-01T00:07:00Z', '2026-01-01T00:15:00.000Z'],
    ['at(2026-05-01T12:00:00)', 'UTC', '2026-01-01T00:00:00Z', '2026-05-01T12:00:00.000Z'],
  ])('%s in %s', (expression, zone, after, expected) => {
    expect(new Date(parseExpression(expression, zone)(at(after)) ?? Number.NaN).toISOString()).toBe(expected)
  })

  it('an instant that has passed never comes', () => {
    expect(parseExpression('at(2026-05-01T12:00:00)', 'UTC')(at('2026-05-01T12:00:00Z'))).toBeUndefined()
  })

  it.each(['rate(0 minutes)', 'rate(1 fortnight)', 'cron(* * * *)', 'cron(99 * * * ? *)', 'every day', 'at(soon)'])(
    '%s is refused',
    (expression) => {
      expect(() => parseExpression(expression, 'UTC')).toThrow()
    },
  )
})
