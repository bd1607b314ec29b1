import { setTimeout as wait } from 'node:timers/promises'
import { clockAt } from '#domain/testClock'
import { auditAccount } from '#runtime/auditAccount'
import { findClock } from '#table/clock'
import { directoryPage } from '#table/directory'
import { accountDirectory, accountShards } from '#table/keys'
import type { Table } from '#table/port'
import { realNow } from '../time.ts'
import { print, runCommand } from './run.ts'
import { type OpenTable, openTable } from './stackTable.ts'

/** A line of progress this often, so that a long audit is never silent. */
const tellEveryMs = 2_000

/** Proves every account's ledger against its balance; exit status 1 and one line for each difference when one is found. */
async function main(): Promise<void> {
  const opened: OpenTable = openTable(process.env)
  try {
    const state = await findClock(opened.table)
    const clock = { real: realNow, now: () => clockAt(state, realNow()) }
    let [accounts, entries, wrong, toldAt] = [0, 0, 0, realNow()]
    for await (const accountId of accountIds(opened.table)) {
      const found = await auditAccount({ table: opened.table, clock, wait }, accountId)
      accounts += 1
      entries += found.entries
      for (const { kind, at, expected, found: actual } of found.differences) {
        wrong += 1
        print(`${accountId}: ${kind} at ${at}: expected ${expected}, found ${actual}`)
      }
      if (realNow() - toldAt < tellEveryMs) continue
      toldAt = realNow()
      process.stderr.write(`  ${accounts} accounts, ${entries} entries …\n`)
    }
    print(
      `${accounts} accounts with ${entries} ledger entries in ${opened.where}: ${wrong === 0 ? 'every ledger adds up to its balance' : `${wrong} differences`}.`,
    )
    if (wrong > 0) process.exitCode = 1
  } finally {
    opened.close()
  }
}

async function* accountIds(table: Table): AsyncGenerator<string> {
  for (let shard = 0; shard < accountShards; shard++) {
    let after: Record<string, string> | undefined
    do {
      const page = await directoryPage(table, { pk: accountDirectory(shard), limit: 250, ...(after && { after }) })
      for (const { position } of page.entries) yield position
      after = page.next
    } while (after)
  }
}

runCommand(main)
