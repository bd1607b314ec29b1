import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  crowdedOut,
  defaultMethod,
  isLaterToken,
  type MethodChoice,
  type MethodMark,
  marksFor,
  methodId,
  methodIds,
  orderedMethods,
  sameMethod,
  tokensOfCard,
} from '#domain/paymentMethod'

const methods = fc
  .array(fc.record({ isDefault: fc.boolean(), createdAt: fc.nat(5), updatedAt: fc.nat(5), ver: fc.constant(1) }), {
    maxLength: 8,
  })
  .map((all): MethodChoice[] => all.map((method, index) => ({ ...method, id: `pmt_${index}` })))

describe('the default method', () => {
  it('is exactly one where there is any, whatever is marked', () => {
    fc.assert(
      fc.property(methods, (all) => {
        const marked = orderedMethods(all).filter(({ isDefault }) => isDefault)
        expect(marked).toHaveLength(all.length === 0 ? 0 : 1)
        expect(marked[0]?.id).toBe(defaultMethod(all)?.id)
        if (all.some(({ isDefault }) => isDefault)) expect(defaultMethod(all)?.isDefault).toBe(true)
      }),
    )
  })

  it('is what was chosen, once the marks are written', () => {
    fc.assert(
      fc.property(methods, fc.nat(7), (all, at) => {
        const chosen = all[at % Math.max(1, all.length)]
        if (!chosen) return
        const changed = new Map(marksFor(all, chosen.id).map((method) => [method.id, method]))
        const after = all.map((method) => changed.get(method.id) ?? method)
        expect(after.filter(({ isDefault }) => isDefault).map(({ id }) => id)).toEqual([chosen.id])
        expect(marksFor(after, chosen.id)).toEqual([])
      }),
    )
  })

  it('makes way for none: room is made by the oldest others', () => {
    fc.assert(
      fc.property(methods, fc.integer({ min: 2, max: 8 }), (all, most) => {
        const out = crowdedOut(all, most)
        expect(all.length - out.length + 1).toBeLessThanOrEqual(most)
        expect(out).not.toContain(defaultMethod(all))
        const newest = Math.max(0, ...out.map(({ createdAt }) => createdAt))
        const kept = all.filter((method) => !out.includes(method) && method !== defaultMethod(all))
        const [oldest] = all
        if (all.length < most || oldest === undefined) expect(out).toEqual([])
        else expect(crowdedOut(all, most, oldest.id)).not.toContain(oldest)
        for (const { createdAt } of kept) if (out.length > 0) expect(createdAt).toBeGreaterThanOrEqual(newest)
      }),
    )
  })
})

const [a, b, card, other] = ['A', 'B', 'C', 'D'].map((letter) => letter.repeat(16)) as [string, string, string, string]

const accountId = 'acc_1'

describe('the method that is handed over again', () => {
  const kept = (id: string, mark: MethodMark) => ({ id, ...mark })
  const one = kept('one', { accountId, fingerprint: a, instrument: card })
  const two = kept('two', { accountId, fingerprint: b })

  it.each<[string, MethodMark, string | undefined]>([
    ['is known by its token', { accountId, fingerprint: b }, 'two'],
    ['is known by its card under another token', { accountId, fingerprint: other, instrument: card }, 'one'],
    [
      'is known by its token first, where the card has become another',
      { accountId, fingerprint: b, instrument: card },
      'two',
    ],
    ['is another one with another card', { accountId, fingerprint: other, instrument: other }, undefined],
    ['is another one where the provider tells no card', { accountId, fingerprint: other }, undefined],
  ])('%s', (_name, mark, id) => {
    expect(sameMethod([one, two], mark)?.id).toBe(id)
  })

  it('is known by the id that it would have, whatever became of token and card since', () => {
    const mark = { accountId, fingerprint: a, instrument: card }
    expect(
      sameMethod([two, kept(methodId(mark), { accountId, fingerprint: other, instrument: other })], mark)?.fingerprint,
    ).toBe(other)
  })

  it('has one id for all tokens of a card, and is remembered under the token’s too', () => {
    const first = { accountId, fingerprint: a, instrument: card }
    expect(methodId(first)).toBe(methodId({ accountId, fingerprint: b, instrument: card }))
    expect(methodIds(first)).toEqual([
      methodId({ accountId, fingerprint: card }),
      methodId({ accountId, fingerprint: a }),
    ])
    expect(methodIds({ accountId, fingerprint: a })).toEqual([methodId({ accountId, fingerprint: a })])
  })

  it('has another id with each account that saves the card', () => {
    const mark = { accountId, fingerprint: a, instrument: card }
    expect(methodId({ ...mark, accountId: 'acc_2' })).not.toBe(methodId(mark))
  })
})

describe('which token of a card is charged', () => {
  it.each([
    [undefined, undefined, false],
    [undefined, 5, false],
    [5, undefined, true],
    [5, 5, false],
    [4, 5, false],
    [6, 5, true],
  ])('of a payment at %s, where the known one is of %s: %s', (paidAt, tokenAt, isLater) => {
    expect(isLaterToken(paidAt, tokenAt)).toBe(isLater)
  })

  it.each([
    ['the first', [], 'x', true, ['x']],
    ['the first, of an unknown time', [], 'x', false, ['x']],
    ['a later one', ['x', 'y'], 'z', true, ['z', 'x', 'y']],
    ['an earlier one', ['x', 'y'], 'z', false, ['x', 'z', 'y']],
    ['one that comes back', ['x', 'y'], 'y', true, ['y', 'x']],
    ['one that is told again', ['x', 'y', 'z'], 'z', false, ['x', 'y', 'z']],
  ])('%s', (_name, held, told, isLater, tokens) => {
    expect(tokensOfCard(held, told, isLater)).toEqual(tokens)
  })

  it('keeps ten, and lets go of the oldest', () => {
    const told = [...'abcdefghijkl']
    const held = told.reduce((tokens: string[], token) => tokensOfCard(tokens, token, true), [])
    expect(held).toEqual(told.toReversed().slice(0, 10))
  })

  it('stays bounded, and neither loses the charged one nor has one twice', () => {
    const told = fc.array(fc.record({ token: fc.constantFrom(...'abcdefghijklmno'), isLater: fc.boolean() }))
    fc.assert(
      fc.property(told, (all) => {
        let held: string[] = []
        for (const { token, isLater } of all) {
          const [first = token] = held
          held = tokensOfCard(held, token, isLater)
          expect(held[0]).toBe(isLater ? token : first)
          expect(held).toContain(token)
          expect(new Set(held).size).toBe(held.length)
          expect(held.length).toBeLessThanOrEqual(10)
        }
      }),
    )
  })
})
