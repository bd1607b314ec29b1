import {
  type ExportSection,
  exportedEntities,
  exportedRow,
  exportSections,
  unexportedEntities,
} from '#domain/accountExport'
import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { readAccount } from '#table/accounts'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { accountPk } from '#table/keys'
import { membershipsOf } from '#table/members'
import { readPayment } from '#table/paymentCodec'
import type { Item, Table } from '#table/port'
import { readWallet } from '#table/wallets'
import type { Deps } from './deps.ts'

/** Lambda answers at most 6 MB; names in the answer and its head come on top. */
const mostBytes = 5_000_000
/** Well within the function's 29 s: what is not read by then is behind the cursor. */
const mostMs = 15_000
const pageSize = 500

type Row = Record<string, unknown>
export type ExportedSections = Record<ExportSection, Row[]>

export interface ExportPart {
  sections: ExportedSections
  nextCursor: string | null
}

/**
 * The rows of an account from a cursor on, as far as one answer holds them. Read consistently, but not at one instant: what
 * is written meanwhile may be missing or be there.
 * @throws Error for a kind of row that nobody has given a place in the export: a defect.
 */
export async function exportPart(
  deps: Pick<Deps, 'table' | 'clock'>,
  accountId: string,
  cursor: string | undefined,
  limits = { mostBytes, mostMs },
): Promise<ExportPart> {
  const list = `export ${accountId}`
  const from = decodeCursor(list, cursor)
  const sections = emptySections()
  const until = deps.clock.real() + limits.mostMs
  let bytes = from === undefined ? addMemberships(sections, await membershipsOf(deps.table, accountId)) : 0
  let last = from
  for await (const item of rowsFrom(deps.table, accountId, from)) {
    const shown = shownRow(item, deps.clock.now())
    const size = shown ? Buffer.byteLength(JSON.stringify(shown.row)) + 1 : 0
    const isFull = bytes + size > limits.mostBytes || deps.clock.real() > until
    // One row always fits: a row of the table has at most 400 KB.
    if (isFull && last !== from && last !== undefined) return { sections, nextCursor: encodeCursor(list, last) }
    if (shown) sections[shown.section].push(shown.row)
    bytes += size
    last = item.sk
  }
  return { sections, nextCursor: null }
}

function emptySections(): ExportedSections {
  const empty = exportSections.map((name): [ExportSection, Row[]] => [name, []])
  return Object.fromEntries(empty) as ExportedSections
}

function addMemberships(sections: ExportedSections, found: Awaited<ReturnType<typeof membershipsOf>>): number {
  sections.memberships.push(...found.map(({ accountId, role }) => ({ accountId, role })))
  return Buffer.byteLength(JSON.stringify(sections.memberships))
}

async function* rowsFrom(table: Table, accountId: string, from: string | undefined): AsyncGenerator<Item> {
  const pk = accountPk(accountId)
  let after: Record<string, string> | undefined = from === undefined ? undefined : { pk, sk: from }
  do {
    const page = await table.query({ pk, limit: pageSize, consistent: true, ...(after && { after }) })
    yield* page.items
    after = page.next
  } while (after)
}

/** Undefined for a row that is left out on purpose. */
function shownRow(item: Item, now: number): { section: ExportSection; row: Row } | undefined {
  const entity = String(item.entity)
  if (entity === 'wallet') return { section: 'wallet', row: walletRow(item, now) }
  if (Object.hasOwn(unexportedEntities, entity)) return undefined
  const shown = Object.hasOwn(exportedEntities, entity) ? exportedEntities[entity] : undefined
  if (!shown) throw new Error(`the export has no place for a row of the kind ${entity}`)
  return { section: shown.section, row: exportedRow({ ...keyed(item), ...whole(item) }, shown.members) }
}

/** A row as the product reads it, where it is stored in short. */
function whole(item: Item): object {
  if (item.entity === 'payment') return readPayment(item)
  return item.entity === 'account' ? readAccount(item) : item
}

/** What only the sort key says: feature and window of what counts. */
function keyed({ sk }: Item): Row {
  const [kind, feature, ...window] = sk.split('#')
  if (kind === 'USE') return { feature, window: window.join('#') }
  if (kind === 'HIST') return { feature }
  return kind === 'DISC' ? { group: feature, window: window.join('#') } : {}
}

/** Everything due is counted, as in `GET /credits`. */
function walletRow(item: Item, now: number): Row {
  const { balance, held, available, grants } = viewWallet(readWallet(item).wallet, now, windowAt)
  return {
    balance,
    held,
    available,
    grants: grants.map(({ id, amount, remaining, expiresAt, priority, source }) => ({
      id,
      amount,
      remaining,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      priority,
      source,
    })),
  }
}
