import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A file system in memory, where Linux has one. */
const memoryFolder = '/dev/shm'
/** Containers often get 64 MB of it, which one long run of a benchmark fills. */
const freeBytesMin = 1024 ** 3

/** Makes the folder of a table that lasts as long as its engine: in memory where there is room, else beside other temporary files. */
export const makeTableFolder = (): string =>
  mkdtempSync(join(hasRoom(memoryFolder) ? memoryFolder : tmpdir(), 'faregate-table-'))

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= freeBytesMin
  } catch {
    return false
  }
}

/** For the lock while the engine writes. */
const busyTimeoutMs = 5_000

/**
 * Gives the engine's store the index that its streams lack. Without it each write looks for the last sequence number, and
 * each reading of the stream for its place, in all records there ever were: after 12,000 records a write costs fifteen
 * times the processor time. The engine's own queries pick the index up; nothing else of the store is touched.
 * @throws Error when the store is not what this engine's version makes.
 */
export function indexStream(file: string): void {
  const store = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    store.exec(
      'CREATE INDEX IF NOT EXISTS faregate_stream ON _stream_records (table_name, CAST(sequence_number AS INTEGER))',
    )
  } finally {
    store.close()
  }
}
