import { startEngine } from '#test/support/engine'
import { dynamoTable } from '#table/dynamo'
import { handleHttp } from '#runtime/http'
import { catalogueCache, publishCatalogue } from '#table/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'
import { readFileSync } from 'node:fs'
import { ulid } from 'ulid'
import { operations } from '#operations/index'
const engine = await startEngine()
const tableName = await engine.createTable()
const table = dynamoTable({ client: engine.client, tableName })
const parsed = parseCatalogue(JSON.parse(readFileSync('catalogues/example.json','utf8')))
if (!parsed.ok) throw new Error('bad')
console.log((await publishCatalogue(table, parsed.catalogue, { now: Date.now() })).kind)
let off = 0
const sent: unknown[] = []
const deps: any = { table, clock: { now: () => Date.now() + off, real: () => Date.now() }, ids: { random: () => ulid().slice(10), secret: () => 'x'.repeat(43) }, rng: Math.random, log: { info(){}, warn(){}, error(m: string, f: any){ console.log('ERR', m, f) } }, wait: (ms: number) => new Promise((r) => setTimeout(r, ms)), catalogue: catalogueCache(table, () => Date.now()), config: { mode: 'test' }, metric(){}, queues: { send: async (q: string, m: unknown[]) => { sent.push(...m.map((x) => [q, x])) } } }
const runs: Record<string, any> = {}
for (const op of operations) if (op.kind === 'http') { try { runs[op.id] = { op, run: (await import(`../functions/${op.area}/${op.id}.ts`)).run } } catch (e) { console.log('missing', op.id, String(e).slice(0,100)) } }
export async function call(id: string, o: any = {}) {
  const { op, run } = runs[id]
  const route = op.routes.find((r: string) => r.includes(o.as ?? '/v1/')) ?? op.routes[0]
  const ev: any = { routeKey: route, rawPath: '/x', rawQueryString: '', headers: { 'content-type': o.type ?? 'application/json', ...(o.key && { 'idempotency-key': o.key }) }, queryStringParameters: o.query, pathParameters: { accountId: 'acc1', ...o.params }, body: o.body === undefined ? undefined : JSON.stringify(o.body), isBase64Encoded: false, requestContext: { http: { method: 'POST', path: '/x', sourceIp: '127.0.0.1' }, requestId: 'r', authorizer: { lambda: { keyId: 'key_1', scopes: 'accounts:read accounts:write check credits:read credits:write usage:read usage:write' }, jwt: { claims: { sub: o.sub ?? 'admin', exp: '1' } } } } }
  if (!route.includes('{accountId}')) delete ev.pathParameters.accountId
  const r = await handleHttp(op, run, deps, ev)
  console.log(id, r.statusCode, r.body.slice(0, 400), r.headers['idempotent-replayed'] ?? '')
  return r.body ? JSON.parse(r.body) : undefined
}
await table.write([{ kind: 'put', item: { pk: 'USER#admin', sk: 'USER', entity: 'user', role: 'ADMIN' }, when: 'unconditional' }])
const S = { as: '/v1/accounts' }
await call('getHealth')
await call('getAccount', S)
await call('putAccount', { ...S, body: { email: 'a@b.co' } })
await call('getCredits', S)
await call('deductCredits', { ...S, body: { amount: 7, reason: 'x' }, key: 'k1' })
await call('deductCredits', { ...S, body: { amount: 7, reason: 'x' }, key: 'k1' })
await call('deductCredits', { ...S, body: { amount: 8, reason: 'x' }, key: 'k1' })
await call('deductCredits', { ...S, body: { amount: 80, reason: 'x' }, key: 'k2' })
await call('grantCredits', { ...S, body: { amount: 1000, reason: 'gift', priority: 2 } })
await call('deductCredits', { ...S, body: { amount: 80, reason: 'x' }, key: 'k2' })
const d = await call('deductCredits', { ...S, body: { amount: 80, reason: 'x' }, key: 'k3' })
await call('refundCredits', { ...S, body: { deductionId: d.id, amount: 30 } })
await call('refundCredits', { ...S, body: { deductionId: d.id } })
await call('refundCredits', { ...S, body: { deductionId: d.id } })
const h = await call('reserveCredits', { ...S, body: { amount: 100, reason: 'job' }, key: 'h1' })
await call('reserveCredits', { ...S, body: { amount: 100, reason: 'job' }, key: 'h1' })
await call('commitReservation', { ...S, params: { reservationId: h.id }, body: { amount: 60 } })
await call('commitReservation', { ...S, params: { reservationId: h.id }, body: { amount: 60 } })
await call('releaseReservation', { ...S, params: { reservationId: h.id } })
await call('reserveCredits', { ...S, body: { amount: 100, reason: 'job' }, key: 'h1' })
await call('getCredits', S)
await call('check', { ...S, body: { feature: 'reports' } })
for (let i = 0; i < 4; i++) await call('check', { ...S, body: { feature: 'reports', consume: true }, key: 'c' + i })
await call('check', { ...S, body: { feature: 'reports', consume: true }, key: 'c3' })
const u = await call('check', { ...S, body: { feature: 'image', consume: true, quantity: 2 }, key: 'i1' })
await call('recordUsage', { ...S, body: { feature: 'image', quantity: -1, reference: u.usageId }, key: 'b1' })
await call('recordUsage', { ...S, body: { feature: 'image', quantity: -1, reference: u.usageId }, key: 'b2' })
await call('recordUsage', { ...S, body: { feature: 'image', quantity: -1, reference: u.usageId }, key: 'b3' })
await call('check', { ...S, body: { feature: 'themes', value: 'all' } })
await call('check', { ...S, body: { feature: 'nope' } })
await call('recordUsage', { ...S, body: { feature: 'reports' } })
await call('grantPlan', { as: '/v1/admin', body: { priceId: 'team-month', reason: 'vip' } , key: 'g'})
await call('grantPlan', { as: '/v1/admin', body: { priceId: 'team-month', reason: 'vip' } , key: 'g'})
await call('getCredits', S)
await call('recordUsage', { ...S, body: { feature: 'reports', quantity: 5 }, key: 'u1' })
const ce = (id: string, feature = 'reports', q = 1) => ({ specversion: '1.0', id, source: 's', type: 't', data: { feature, quantity: q } })
await call('recordUsage', { ...S, type: 'application/cloudevents-batch+json', body: [ce('1'), ce('2', 'image'), ce('1'), ce('3', 'zzz'), ce('4', 'reports', 200)] })
await call('recordUsage', { ...S, type: 'application/cloudevents-batch+json', body: [ce('1'), ce('5')] })
await call('getUsage', S); await call('getUsageHistory', { ...S, query: { feature: 'reports' } })
await call('listEntitlements', S); await call('getEntitlement', { ...S, params: { feature: 'sso' } })
await call('listLedger', { ...S, query: { limit: '3' } })
const key = await call('createApiKey', { as: 'admin', body: { name: 'n', scopes: ['check'] }, key: 'ak' })
await call('createApiKey', { as: 'admin', body: { name: 'n', scopes: ['check'] }, key: 'ak' })
await call('listApiKeys', { as: 'admin' }); await call('revokeApiKey', { as: 'admin', params: { keyId: key.id } }); await call('revokeApiKey', { as: 'admin', params: { keyId: key.id } })
await call('getClock'); await call('setClock', { body: { advance: 'P1M' } })
await call('getAccount', { as: '/v1/me', sub: 'newbie' }); await call('getCredits', { as: '/v1/me', sub: 'newbie' }); await call('updateAccount', { as: '/v1/me', sub: 'newbie', body: { name: 'N', timeZone: 'Asia/Kolkata' } })
await call('setPreferences', { as: '/v1/me', sub: 'newbie', body: { overage: false } })
const { auditAccount } = await import('#runtime/auditAccount'); console.log(JSON.stringify(await auditAccount(deps, 'acc1')))
off = 40 * 86400000
const sweep = await import('../functions/usage/sweepDue.ts'); console.log(await sweep.run({ scheduledAt: Date.now() + off }, deps)); 
const settle = await import('../functions/usage/settleDue.ts'); for (const [, m] of sent.splice(0)  as any) { console.log(m); await settle.run(m, deps, { requestId: 'x' }) }
console.log(await sweep.run({ scheduledAt: Date.now() + off }, deps))
await call('getUsageHistory', { ...S, query: { feature: 'reports', from: '2026-11-01' , to: '2026-12-31', by: 'month'} })
await call('listLedger', { ...S, query: { limit: '3' } }); await call('getCredits', S)
console.log(JSON.stringify(await auditAccount(deps, 'acc1')))
await engine.stop()
