import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { exportedEntities, unexportedEntities } from '#domain/accountExport'
import { erasureWrites } from '#table/erasure'

/** Kinds of rows that lie in partitions of their own, never in an account's. */
const elsewhere = [
  ...['apiKey', 'audit', 'charge', 'clock', 'erasure', 'clockFollower', 'order', 'outbox', 'rate'],
  ...['providerSubscription', 'reconciliation', 'renewalRun', 'run', 'series', 'session', 'setting', 'settingVersion'],
  ...['user', 'webhookEvent'],
]

/** Every kind that `toItem` is given by name in the table's own room, and those that the runtime writes without it. */
function storedEntities(): string[] {
  const room = new URL('../../shared/table/', import.meta.url)
  const texts = readdirSync(room).map((name) => readFileSync(new URL(name, room), 'utf8'))
  const named = texts.flatMap((text) => [...text.matchAll(/toItem\(\s*'(\w+)'/g)].map(([, name = '']) => name))
  return [...new Set([...named, 'answer', 'discountUse', 'tombstone'])].sort()
}

const inAccounts = storedEntities().filter((name) => !elsewhere.includes(name))

describe('rows of an account', () => {
  it('are found in the sources', () => {
    expect(inAccounts.length).toBeGreaterThan(25)
  })

  it.each(inAccounts)('%s: its export is decided', (entity) => {
    expect([...Object.keys(exportedEntities), ...Object.keys(unexportedEntities)]).toContain(entity)
  })

  it.each(inAccounts)('%s: its erasure is decided', (entity) => {
    const decide = () => erasureWrites({ pk: 'ACCOUNT#a', sk: 'X', entity }, { now: 1, real: 1 })
    // Kinds that are looked into throw for an empty row; only an undecided one throws this.
    expect(decide).not.toThrow('an erasure does not know')
  })

  it('an undecided kind is a defect', () => {
    const decide = () => erasureWrites({ pk: 'ACCOUNT#a', sk: 'X', entity: 'odd' }, { now: 1, real: 1 })
    expect(decide).toThrow('an erasure does not know what to do with a row of the kind odd')
  })
})
