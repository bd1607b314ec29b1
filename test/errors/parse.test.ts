import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { parseInput } from '#errors/parse'
import { Problem } from '#errors/problem'
import { deductCredits } from '#operations/credits'
import { instant } from '#operations/fields'

const body = deductCredits.body ?? z.undefined()

const faultOf = (value: unknown): unknown => {
  try {
    return parseInput(body, value)
  } catch (error) {
    return error instanceof Problem ? error.extras.errors?.[0] : error
  }
}

describe('a fault in a body is told by path and in words', () => {
  it('an instant is told what one looks like', () => {
    expect(() => parseInput(z.object({ from: instant }), { from: '2026-01-31' })).toThrow(
      'from: must be an instant with an offset or Z, such as "2026-01-31T12:00:00Z"',
    )
  })

  it.each([
    [{ reason: 'x' }, 'amount', 'is required'],
    [{ amount: 1.5, reason: 'x' }, 'amount', 'must be a whole number'],
    [{ amount: '10', reason: 'x' }, 'amount', 'must be a number'],
    [{ amount: 0, reason: 'x' }, 'amount', 'must be at least 1'],
    [{ amount: 1, reason: '' }, 'reason', 'must be at least 1 characters long'],
    [{ amount: 1, reason: 'x', more: 1 }, 'more', 'is not known here'],
    [{ amount: 1, reason: 'x', metadata: { ['a b']: 1 } }, 'metadata["a b"]', 'is not a usable name'],
    ['text', '', 'must be an object'],
  ])('%j: %s %s', (value, path, message) => {
    expect(faultOf(value)).toEqual({ path, message })
  })
})
