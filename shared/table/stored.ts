import * as z from 'zod/mini'
import { parseOwn } from '#errors/parse'
import type { Item, Key, Value } from './port.ts'

/** What every item has. Times are epoch milliseconds. */
export const stored = { v: z.literal(1), createdAt: z.int(), updatedAt: z.int() }

/** Parses an item read back; a bad one is our defect. Keys and index attributes are not part of its schema. */
export const read = <S extends z.ZodMiniType>(schema: S, item: Item): z.output<S> =>
  parseOwn(schema, item, `${item.pk} ${item.sk}`)

/** A schema for every member of a stored type: the compiler finds one that was forgotten, an optional one too, which would be lost without a word. */
export type MembersOf<T> = { [Name in keyof T]-?: z.ZodMiniType }

const version = z.object({ v: stored.v })

/** As `read`, for types that know nothing of storage: the schema version is checked and left out. */
export function readBody<S extends z.ZodMiniType>(schema: S, item: Item): z.output<S> {
  read(version, item)
  return read(schema, item)
}

/** An item: key, entity name and body. Members that are undefined are left out, as JSON does. */
export function toItem(entity: string, { pk, sk }: Key, body: Record<string, unknown>): Item {
  const present = Object.entries(body).filter(([, value]) => value !== undefined)
  return { ...(Object.fromEntries(present) as Record<string, Value>), pk, sk, entity }
}
