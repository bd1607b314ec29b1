import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '#infra/bundle'
import { realNow } from '#local/time'
import type { Operation } from '#operations/definition'
import { accountKey, accountShards, outboxPk, shardOf } from '#table/keys'
import { type Call, eventOf } from './event.ts'
import { accountIdOf, keyOf } from './names.ts'
import type { Stage } from './stage.ts'

/** What a first event refers to. Each sample has an account of its own, so that each does the same work. */
export interface ColdData {
  apiKey: string
  /** Of another key, to be revoked. */
  keyId: string
  accounts: { accountId: string; deductionId: string; toCommit: string; toRelease: string }[]
}

export async function makeColdData(stage: Stage, count: number): Promise<ColdData> {
  const makeKey = () => stage.call('createApiKey', { body: { name: 'bench', scopes: ['check'] } })
  const { key } = (await makeKey()).body
  const { id: keyId } = (await makeKey()).body
  const accounts: ColdData['accounts'] = []
  for (let n = 0; n < count; n++) {
    const accountId = accountIdOf(n)
    await stage.account(accountId)
    const make = async (id: string, amount: number) =>
      String((await stage.call(id, { accountId, body: { amount, reason: 'Report 4711' } })).body.id)
    accounts.push({
      accountId,
      deductionId: await make('deductCredits', 7),
      toCommit: await make('reserveCredits', 11),
      toRelease: await make('reserveCredits', 11),
    })
  }
  return { apiKey: String(key), keyId: String(keyId), accounts }
}

const reason = 'Report 4711'

/** Calls that need more than their account, by operation. */
const calls: Record<string, (data: ColdData, account: ColdData['accounts'][number], n: number) => Call> = {
  adjustCredits: (_data, _account, n) => ({ body: { amount: 5, reason }, key: keyOf(n) }),
  check: () => ({ body: { feature: 'calls' } }),
  commitReservation: (_data, { toCommit }) => ({ params: { reservationId: toCommit }, body: { amount: 5 } }),
  createApiKey: (_data, _account, n) => ({ body: { name: 'bench', scopes: ['check'] }, key: `cold ${n}` }),
  deductCredits: (_data, _account, n) => ({ body: { amount: 7, reason }, key: keyOf(n) }),
  getEntitlement: () => ({ params: { feature: 'calls' } }),
  getUsageHistory: () => ({ query: { feature: 'calls' } }),
  grantCredits: (_data, _account, n) => ({ body: { amount: 7, reason }, key: keyOf(n) }),
  grantPlan: (_data, _account, n) => ({ body: { priceId: 'team-month', reason }, key: `cold ${n}` }),
  putAccount: () => ({ body: { email: 'bench@example.com', name: 'Benchmark' } }),
  recordUsage: (_data, _account, n) => ({ body: { feature: 'calls' }, key: keyOf(n) }),
  refundCredits: (_data, { deductionId }, n) => ({ body: { deductionId, amount: 1 }, key: keyOf(n) }),
  releaseReservation: (_data, { toRelease }) => ({ params: { reservationId: toRelease } }),
  reserveCredits: (_data, _account, n) => ({ body: { amount: 7, reason }, key: keyOf(n) }),
  revokeApiKey: ({ keyId }) => ({ params: { keyId } }),
  setClock: (_data, _account, n) => ({ body: { advance: 'PT1S' }, key: `cold ${n}` }),
  setGauge: () => ({ params: { feature: 'seats' }, body: { value: 3 } }),
  setPreferences: () => ({ body: { overage: false } }),
  showErrorPage: () => ({ params: { code: 'not_found' } }),
  updateAccount: () => ({ body: { name: 'Benchmark' } }),
}

/** Messages of the queues' workers. */
const messages: Record<string, (accountId: string, n: number) => object> = {
  auditLedger: (accountId) => ({ shard: shardOf(accountId, accountShards) }),
  deliverNotice: (accountId, n) => ({ ...noticeOf(accountId, n), createdAt: realNow() }),
  // A row that is gone by now is the worker's shortest way, and no other can be taken twice; the account's record is there.
  settleDue: (accountId) => ({ ...accountKey(accountId), sk: 'SUB#gone' }),
}

const noticeOf = (accountId: string, n: number) => ({
  id: `out_${String(n).padStart(26, '0')}`,
  kind: 'usage_warning',
  accountId,
  feature: 'calls',
  used: 8,
  limit: 10,
  requestId: 'bench',
})

/** The `n`-th first event of an operation; undefined when neither this file nor `events/` has one. */
export function coldEvent(operation: Operation, data: ColdData, n: number): unknown {
  const account = data.accounts[n]
  if (!account) throw new Error(`there is no account for sample ${n}`)
  switch (operation.kind) {
    case 'http': {
      const call = calls[operation.id]?.(data, account, n)
      if (!call && operation.body) return sampleOf(operation)
      return eventOf(operation, { accountId: account.accountId, ...call })
    }
    case 'worker': {
      const message = messages[operation.id]?.(account.accountId, n)
      return message ? { Records: [{ messageId: `bench-${n}`, body: JSON.stringify(message) }] } : sampleOf(operation)
    }
    case 'job':
      return { scheduledAt: new Date(realNow()).toISOString() }
    case 'authorizer':
      return { headers: { authorization: `Bearer ${data.apiKey}` } }
    case 'stream':
      return operation.id === 'publishOutbox' ? streamEvent(account.accountId, n) : sampleOf(operation)
  }
}

function sampleOf({ area, id }: Operation): unknown {
  const path = join(root, 'events', `${area}-${id}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

function streamEvent(accountId: string, n: number): object {
  const { used, limit, ...texts } = noticeOf(accountId, n)
  const attributes = Object.entries({ pk: outboxPk('2026-11-21T07', 0), sk: texts.id, entity: 'outbox', ...texts })
  const NewImage = {
    ...Object.fromEntries(attributes.map(([name, S]) => [name, { S }])),
    used: { N: String(used) },
    limit: { N: String(limit) },
    createdAt: { N: String(realNow()) },
  }
  return { Records: [{ eventID: `bench-${n}`, dynamodb: { SequenceNumber: String(n + 1), NewImage } }] }
}
