/**
 * What the directory index (`gsi1`) holds beside keys: what a ledger entry says, and no more. An entry is never written
 * again, and the ledger is read whole and in order; every other row changes, and pays for an index whenever a member that
 * the index holds does. So theirs are places alone, and whoever lists them reads the rows.
 */
export const directoryAttributes = [
  'entity',
  'v',
  'id',
  'type',
  'amount',
  'seq',
  'balanceAfter',
  'moves',
  'effectiveAt',
  'reason',
  'reference',
  'hold',
  'key',
  'requestId',
  'actor',
  'createdAt',
] as const
