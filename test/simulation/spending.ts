import { effectOf, judgeAnswer } from './answers.ts'
import { consume, deduct, grant, intent, makeAccount } from './calls.ts'
import { bareCatalogue, freeLimits } from './catalogue.ts'
import type { Scenario, Stage } from './stage.ts'

/** An ordinary day, far from any window's edge. */
const midMonth = Date.parse('2026-01-15T10:00:00Z')

/** Grants, deductions and consumption by a handful of callers: what the reference and the product both do. */
export const spending: Scenario = {
  name: 'spending',
  catalogue: bareCatalogue,
  startAt: midMonth,
  limits: freeLimits,
  prepare: async ({ callers }) => {
    await callers.ask(intent('make', makeAccount(), { standing: ({ id }) => id }))
    await callers.ask(intent('first', grant(20)))
  },
  play: (stage) => Array.from({ length: stage.random.between(2, 4) }, (_, index) => spend(stage, `caller${index}`)),
  effectOf,
  judge: (dialogue, oracle) => judgeAnswer(dialogue, oracle),
}

async function spend(stage: Stage, name: string): Promise<void> {
  const { callers, world, random } = stage
  const acts = random.between(2, 5)
  for (let act = 0; act < acts; act++) {
    const chance = random.next()
    const id = `${name}.${act}`
    if (chance < 0.2) await callers.ask(intent(`${id} grant`, grant(random.between(1, 9))))
    else if (chance < 0.65) await callers.ask(intent(`${id} deduct`, deduct(random.between(1, 12))))
    else if (chance < 0.8) await callers.ask(intent(`${id} image`, consume('image', 1)))
    else await callers.ask(intent(`${id} report`, consume('report', random.between(1, 2))))
    await world.scheduler.sleep(random.between(0, 30))
    if (random.chance(0.2)) await doubt(stage)
  }
}

/** Whoever is not sure asks again, much later: the first answer must stand. */
export async function doubt({ callers, random }: Stage): Promise<void> {
  const answered = [...callers.dialogues.values()].filter(({ reply, intent }) => reply !== undefined && !intent.passing)
  if (answered.length > 0) await callers.ask(random.pick(answered).intent)
}
