import * as z from 'zod/mini'
import { parseOwn } from '#errors/parse'
import type { Item, Key, Value } from './port.ts'

/** What every item has. Times are epoch milliseconds. */
export const stored = { v: z.literal(1), createdAt: z.int(), updatedAt: z.int() }

/** Parses an item read back; a bad one is our defect. Keys and index attributes are not part of its schema. */
export const read = <S extends z.ZodMiniType>(schema: S, item: Item): z.output<S> =>
  parseOwn(schema, item, `${item.pk} ${item.sk}`)

/** An item: key, entity name and body. Members that are undefined are left out, as JSON does. */
export function toItem(entity: string, { pk, sk }: Key, body: Record<string, unknown>): Item {
  const present = Object.entries(body).filter(([, value]) => value !== undefined)
  return { ...(Object.fromEntries(present) as Record<string, Value>), pk, sk, entity }
}
