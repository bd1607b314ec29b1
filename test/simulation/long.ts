import { creditsScenario } from './creditsScenario.ts'
import { paymentPlay } from './paymentScenario.ts'
import { productHandlers } from './product.ts'
import { reportOf } from './seeds.ts'
import { type Play, playOf } from './stage.ts'
import { usageScenario } from './usageScenario.ts'
import { yearPlay } from './yearScenario.ts'

/** `npm run test:simulation [minutes]`: fresh seeds until the time is up; the first failure ends it, with its trace. */
const all: Play[] = [
  playOf(creditsScenario, productHandlers),
  playOf(usageScenario, productHandlers),
  paymentPlay(),
  yearPlay(),
]
/** `SIM_PLAYS=credits,usage` plays those alone. */
const named = process.env['SIM_PLAYS']?.split(',')
const plays = all.filter(({ name }) => named === undefined || named.includes(name))
if (plays.length === 0) throw new Error(`SIM_PLAYS names none of ${all.map(({ name }) => name).join(', ')}`)
const minutes = Number(process.argv[2] ?? process.env.SIM_MINUTES ?? 10)
if (!(minutes > 0)) throw new Error('usage: npm run test:simulation -- <minutes>')
const lineEveryMs = 5_000

const endsAt = performance.now() + minutes * 60_000
// Each run of this command looks elsewhere (unless SIM_FIRST_SEED says where: a change is held to the same seeds as the last one); the seeds are printed, so every finding can be played again.
const given = Number(process.env.SIM_FIRST_SEED)
const firstSeed =
  Number.isSafeInteger(given) && given > 0
    ? given
    : 1_000_000 + (Math.floor(performance.timeOrigin / 1000) % 1_000_000) * 1_000
/** `SIM_SEEDS=200` ends it after so many, whatever time is left: what a change is held to does not hang on the machine. */
const mostSeeds = Number(process.env.SIM_SEEDS ?? Number.POSITIVE_INFINITY)
if (!(mostSeeds > 0)) throw new Error('SIM_SEEDS is how many seeds at most')
let seed = firstSeed
let answers = 0
let faults = 0
for (
  let nextLineAt = performance.now() + lineEveryMs;
  performance.now() < endsAt && seed < firstSeed + mostSeeds && process.exitCode === undefined;
  seed++
) {
  for (const play of plays) {
    const run = await play.play(seed)
    answers += run.answers
    faults += run.faults
    if (run.violation === undefined) continue
    const traced = await play.play(seed, { tracing: true })
    process.stdout.write(`\n${reportOf(play, traced)}\n`)
    process.exitCode = 1
  }
  if (performance.now() < nextLineAt) continue
  nextLineAt = performance.now() + lineEveryMs
  process.stdout.write(
    `\rseeds ${firstSeed}–${seed}: ${seed - firstSeed + 1} of ${plays.length} scenarios, ${answers} intents answered, ${faults} faults `,
  )
}
process.stdout.write(
  `\n${seed - firstSeed} seeds from ${firstSeed}, ${process.exitCode === 1 ? 'one failed' : 'none failed'}\n`,
)
