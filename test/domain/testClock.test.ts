import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Advance, clockAt, landed, nextStop, planClock } from '#domain/testClock'

const start = Date.UTC(2026, 0, 31)
const target = Date.UTC(2027, 0, 31)
const advance: Advance = { turn: 'req', from: start, target, freeze: false, steps: 3, stuck: 2, givenUpTo: start }
const now = { realMs: 0, requestId: 'req' }
const underway = { frozenAt: start + 1, advance }

describe('the next stop', () => {
  it.each([
    ['nothing is due', [], target],
    ['something is due a millisecond later', [start + 1], start + 1],
    ['the earliest of several', [start + 9, start + 2, start + 5], start + 2],
    ['what is due at this very instant, or was, is behind', [start, start - 1], target],
    ['what is due after the target is not for this journey', [target + 1], target],
    ['what is due at the target', [target], target],
  ])('%s', (_, instants, expected) => {
    expect(nextStop(start, target, instants)).toBe(expected)
  })

  it('there is none at the target, nor beyond it', () => {
    expect(nextStop(target, target, [target + 1])).toBeUndefined()
    expect(nextStop(target + 1, target, [])).toBeUndefined()
  })

  it('stops at every instant once, in order, and ends at the target', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 250 }), { maxLength: 40 }), (instants) => {
        const stops: number[] = []
        for (let now: number | undefined = 0; now !== undefined; now = nextStop(now, 200, instants)) stops.push(now)
        const passed = [...new Set([0, ...instants.filter((at) => at > 0 && at < 200), 200])].sort((a, b) => a - b)
        expect(stops).toEqual(passed)
      }),
    )
  })
})

describe('a turn of the clock', () => {
  it('sets out from where it stands, and remembers whether to stand there', () => {
    const plan = planClock(
      { offset: 5 },
      { now: new Date(target).toISOString(), freeze: true },
      { realMs: start - 5, requestId: 'req-2' },
    )
    expect(plan).toEqual({
      kind: 'pass',
      now: target,
      next: {
        frozenAt: start,
        advance: { turn: 'req-2', from: start, target, freeze: true, steps: 0, stuck: 0, givenUpTo: 0 },
      },
    })
  })

  it('to where it is takes no time', () => {
    expect(planClock({ frozenAt: start }, { freeze: false }, { realMs: 7, requestId: 'req' })).toEqual({
      kind: 'set',
      now: start,
      next: { offset: start - 7 },
    })
  })

  it.each([
    ['advance', { advance: 'P1D' }],
    ['set to another instant', { now: new Date(target + 1).toISOString() }],
    ['set to the same one, to stand there', { now: new Date(target).toISOString(), freeze: true }],
    ['let go', { freeze: false }],
  ])('on its way it cannot be turned: %s', (_, turn) => {
    expect(() => planClock(underway, turn, now)).toThrow('on its way to 2027-01-31T00:00:00.000Z')
  })

  it('on its way it can be sent where it goes anyway', () => {
    expect(planClock(underway, { now: new Date(target).toISOString() }, now)).toEqual({ kind: 'resume', now: target })
  })

  it('on its way it can be stopped, and says what was stuck', () => {
    expect(planClock(underway, { freeze: true }, now)).toEqual({
      kind: 'set',
      now: start + 1,
      next: { frozenAt: start + 1, stuck: 2 },
    })
  })

  it('never goes back', () => {
    expect(() => planClock({ frozenAt: start }, { now: new Date(start - 1).toISOString() }, now)).toThrow(
      'only goes forward',
    )
  })

  it('at its target ticks on from there, or stands', () => {
    expect(clockAt(landed({ ...advance, stuck: 0 }, 1_000), 1_250)).toBe(target + 250)
    expect(landed({ ...advance, freeze: true }, 1_000)).toEqual({ frozenAt: target, stuck: 2 })
  })
})
