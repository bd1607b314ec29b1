import { mutants } from '/work/main/test/simulation/mutants.ts'
import { playSeed } from '/work/main/test/simulation/stage.ts'

const [which, n, from = '1', mut = ''] = process.argv.slice(2)
const handlers =
  which === 'ref'
    ? (await import('/work/main/test/simulation/reference.ts')).referenceHandlers
    : (await import('/work/main/test/simulation/product.ts')).productHandlers
const scenario =
  which === 'ref' || which === 'spending'
    ? (await import('/work/main/test/simulation/spending.ts')).spending
    : which === 'usage'
      ? (await import('/work/main/test/simulation/usageScenario.ts')).usageScenario
      : (await import('/work/main/test/simulation/creditsScenario.ts')).creditsScenario
let t = performance.now()
let bad = new Map(),
  answers = 0
for (let seed = +from; seed < +from + +n; seed++) {
  const r = await playSeed(scenario, handlers, seed, { tracing: +n === 1 })
  answers += r.answers
  if (+n === 1) console.log(r.trace.join('\n').slice(-9000))
  if (r.violation) {
    const k = r.violation.replace(/[0-9A-Z]{10,}|\d+/g, '*').slice(0, 140)
    const e = bad.get(k) ?? { n: 0, ex: seed + ': ' + r.violation.slice(0, 900) }
    e.n++
    bad.set(k, e)
  }
}
console.log({ n, bad: [...bad.values()].reduce((a, b) => a + b.n, 0), answers, ms: (performance.now() - t) / +n })
for (const e of [...bad.values()].sort((a, b) => b.n - a.n).slice(0, 8)) console.log(e.n, e.ex)
if (mut)
  for (const [name, mutation] of Object.entries(mutants)) {
    let caught = 0,
      first = ''
    for (let seed = 1; seed <= 100; seed++) {
      const r = await playSeed(scenario, handlers, seed, { mutation })
      if (r.violation) {
        caught++
        first ||= seed + ': ' + r.violation.slice(0, 150)
      }
    }
    console.log(caught, name, '|', first)
  }
