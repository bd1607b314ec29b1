import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { hourMs } from '#domain/zone'

export const at = (iso: string): number => Date.parse(iso)
const oracleZones = [
  'UTC',
  'Asia/Kolkata',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Europe/London',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'America/Havana',
]
export const anyZone = fc.constantFrom(...oracleZones)
export const anyInstant = fc.integer({ min: at('1975-01-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') })

/** Instants around each change of a zone's clocks in a few telling years: where mistakes live. */
export const nearChanges = anyZone.chain((zone) => {
  const changes: number[] = []
  for (const year of [1995, 2004, 2011, 2012, 2018, 2025]) {
    let instant = Temporal.Instant.from(`${year}-01-01T00:00:00Z`).toZonedDateTimeISO(zone)
    for (let i = 0; i < 2; i += 1) {
      const next = instant.getTimeZoneTransition('next')
      if (!next || next.year !== year) break
      changes.push(next.epochMilliseconds)
      instant = next
    }
  }
  const anchor = changes.length > 0 ? fc.constantFrom(...changes) : anyInstant
  return fc.tuple(fc.constant(zone), anchor, fc.integer({ min: -26 * hourMs, max: 26 * hourMs }))
})
