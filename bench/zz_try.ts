import { startEngine } from '#test/support/engine'
import { openStage } from './stage.ts'
const engine = await startEngine()
const stage = await openStage(engine.client, await engine.createTable())
await stage.account('a1')
const S = { accountId: 'a1' }
for (let i=0;i<2;i++) {
console.log('deduct', await stage.call('deductCredits', { ...S, body: { amount: 7, reason: 'x' }, key: 'k'+i }))
console.log('check', await stage.call('check', { ...S, body: { feature: 'calls' } }))
console.log('consume', await stage.call('check', { ...S, body: { feature: 'calls', consume: true }, key: 'c'+i }))
console.log('consume', await stage.call('check', { ...S, body: { feature: 'images', consume: true }, key: 'i'+i }))
const h = await stage.call('reserveCredits', { ...S, body: { amount: 7, reason: 'x' }, key: 'h'+i })
console.log(h)
console.log(await stage.call('commitReservation', { ...S, params: {reservationId: String(h.body.id)}, key: 'hc'+i }))
}
await engine.stop()
