import { clockKey } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { toItem } from './stored.ts'

/** The test clock's item; absent until somebody turns it. */
export const findClock = (table: Table): Promise<Item | undefined> => table.get(clockKey(), { consistent: true })

/** Sets the clock: an offset to real time in milliseconds, or the instant at which it stands still. One turn at a time, by `ver`. */
export function putClockWrite(
  state: { offset: number } | { frozenAt: number },
  seen: Item | undefined,
  real: number,
): Write {
  const ver = typeof seen?.ver === 'number' ? seen.ver : 0
  const item = toItem('clock', clockKey(), { v: 1, createdAt: real, updatedAt: real, ver: ver + 1, ...state })
  return { kind: 'put', item, when: seen ? equals('ver', ver) : absent }
}
