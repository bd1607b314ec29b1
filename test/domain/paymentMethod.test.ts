import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crowdedOut, defaultMethod, type MethodChoice, marksFor, orderedMethods } from '#domain/paymentMethod'

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
