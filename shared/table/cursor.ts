import { createHash } from 'node:crypto'
import { Problem } from '#errors/problem'

/**
 * An opaque cursor holds a position inside one list, never a key: the partition always comes from the caller's identity,
 * so a cursor can lead nowhere but into the caller's own list. The check ties it to that list, so that one taken from
 * elsewhere is refused instead of silently starting somewhere.
 */
export const encodeCursor = (list: string, position: string): string =>
  Buffer.from(`${checkOf(list, position)}${position}`).toString('base64url')

/** @throws Problem `validation_failed` for anything that this list did not hand out. */
export function decodeCursor(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const [check, position] = [text.slice(0, checkLength), text.slice(checkLength)]
  if (position === '' || check !== checkOf(list, position)) {
    throw new Problem('validation_failed', 'The cursor is not one of this list.', {
      errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
    })
  }
  return position
}

const checkLength = 8
const checkOf = (list: string, position: string): string =>
  createHash('sha256').update(`${list}\n${position}`).digest('base64url').slice(0, checkLength)
