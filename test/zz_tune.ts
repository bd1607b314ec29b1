import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
let n = 0
const inner = deps.table.write
deps.table = { ...deps.table, write: (w) => { n++; return inner(w) } }
const { putAccount, deductCredits, grantCredits, getCredits } = callsOf(deps)
await putAccount({ account: 'a', body: { email: 'a@b.co' } })
await deductCredits({ account: 'a', body: { amount: 20, reason: 'x' } })
for (let i = 0; i < 12; i++) { deps.clock.advance(1); await grantCredits({ account: 'a', body: { amount: 100, reason: 'x' } }) }
let s = performance.now()
for (let i = 0; i < 20; i++) await deductCredits({ account: 'a', body: { amount: 1, reason: 'x' } })
console.log('serial ms each', (performance.now() - s) / 20)
await grantCredits({ account: 'a', body: { amount: 20, reason: 'x' } })
n = 0
s = performance.now()
const rs = await Promise.all(Array.from({ length: 200 }, () => deductCredits({ account: 'a', body: { amount: 7, reason: 'x' } })))
const t: Record<string, number> = {}
for (const r of rs) t[r.status] = (t[r.status] ?? 0) + 1
console.log(t, Math.round(performance.now() - s), 'ms', n, 'writes', (await getCredits({ account: 'a' })).body.balance)
await deps.stop()
