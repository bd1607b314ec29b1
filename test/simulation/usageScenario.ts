import { recordUsage } from '#operations/usage'
import { userKey } from '#table/keys'
import type { Item } from '#table/port'
import { asked, effectOf, judgeAnswer } from './answers.ts'
import type { Dialogue } from './caller.ts'
import { consume, deduct, grant, grantPrice, intent, makeAccount, use, useBatch } from './calls.ts'
import { allowanceCatalogue, teamLimits } from './catalogue.ts'
import { settle } from './product.ts'
import { doubt } from './spending.ts'
import type { Scenario, Stage } from './stage.ts'
import { Violation } from './world.ts'

/** Two seconds before a month ends, so that windows, allowance and rollover change under the callers' feet. */
const startAt = Date.parse('2026-01-31T23:59:58Z')

/** Counted features with and without credits, given back, over a month's end, while staff change the plan. */
export const usageScenario: Scenario = {
  name: 'usage',
  catalogue: allowanceCatalogue,
  startAt,
  limits: teamLimits,
  prepare: async ({ callers, world }) => {
    world.store.write([
      {
        kind: 'put',
        item: { ...userKey('staff'), entity: 'user', v: 1, role: 'ADMIN', createdAt: startAt, updatedAt: startAt },
        when: 'unconditional',
      },
    ])
    await callers.ask(intent('make', makeAccount(), { standing: ({ id }) => id }))
    await callers.ask(intent('first', grant(9)))
  },
  play: (stage) => Array.from({ length: stage.random.between(2, 3) }, (_, index) => live(stage, `caller${index}`)),
  effectOf,
  turn: ({ callers }) => callers.ask(intent('riches', grant(50))),
  close: sweepAll,
  judgeAll: judgeTotals,
  judge: (dialogue, oracle, all) => {
    judgeAnswer(dialogue, oracle)
    judgeGivenBack(dialogue, all)
  },
}

async function live(stage: Stage, name: string): Promise<void> {
  const { world, random } = stage
  const acts = random.between(2, 3)
  for (let act = 0; act < acts; act++) {
    await random.pick(plays)(stage, `${name}.${act}`)
    if (random.chance(0.15)) await doubt(stage)
    await world.scheduler.sleep(random.chance(0.1) ? random.between(100, 5_000) : random.between(0, 30))
  }
}

type Play = (stage: Stage, id: string) => Promise<void>

const checkIn: Play = async ({ callers, random }, id) => {
  await callers.ask(intent(`${id} check`, consume('report', random.between(1, 3))))
}
const checkPaid: Play = async ({ callers }, id) => {
  await callers.ask(intent(`${id} check image`, consume('image', 1)))
}
const count: Play = async ({ callers, random }, id) => {
  await callers.ask(intent(`${id} use`, use('report', random.between(1, 2))))
}
const countMany: Play = async ({ callers, random }, id) => {
  const ids = Array.from({ length: random.between(1, 3) }, (_, index) => `${id} event ${index}`)
  await callers.ask(intent(`${id} batch`, useBatch('report', ids, 1)))
}
const spend: Play = async ({ callers, random }, id) => {
  await callers.ask(intent(`${id} deduct`, deduct(random.between(1, 6))))
}
const change: Play = async ({ callers, random }, id) => {
  await callers.ask(intent(`${id} plan`, grantPrice(random.pick(['team', 'free']))))
}

/** Taken, then given back by two parties who do not know of each other. */
const giveBack: Play = async ({ callers, random }, id) => {
  const feature = random.pick(['report', 'image'])
  const quantity = random.between(1, 2)
  const taken = await callers.ask(
    intent(`${id} take`, random.chance(0.5) ? use(feature, quantity) : consume(feature, quantity)),
  )
  if (typeof taken?.body.usageId !== 'string') return
  const reference = taken.body.usageId
  await Promise.all(
    ['one', 'two'].map((which) =>
      callers.ask(intent(`${id} back ${which}`, use(feature, -random.between(1, quantity), { reference }))),
    ),
  )
}

/** The scheduled worker, on a counter that may be due or not, sometimes two at a time. */
const sweep: Play = async ({ world, random }, id) => {
  const counters = countersIn(world)
  if (counters.length === 0) return
  const { pk, sk } = random.pick(counters)
  for (let worker = random.between(1, 2); worker > 0; worker--)
    void world.invoke(`${id} sweep`, (deps) => settle({ pk, sk }, deps))
}

/** The sweep that comes at last, when both months are long over. */
async function sweepAll({ world }: Stage): Promise<void> {
  await world.scheduler.sleep(70 * 86_400_000)
  for (const { pk, sk } of countersIn(world)) await world.invoke('sweep', (deps) => settle({ pk, sk }, deps))
}

const countersIn = (world: Stage['world']): Item[] => world.store.items().filter(({ entity }) => entity === 'counter')

/** What was counted is in history, unit by unit, once every window is closed. */
function judgeTotals({ world }: Stage): void {
  const closed = world.store.items().filter(({ entity }) => entity === 'history')
  const used = countersIn(world).reduce((sum, { n }) => sum + Number(n), 0)
  const total = closed.reduce(
    (sum, { days }) => sum + Object.values(days ?? {}).reduce((days, each) => days + Number(each), 0),
    0,
  )
  const open = countersIn(world).reduce(
    (sum, { d }) => sum + Object.values(d ?? {}).reduce((days, each) => days + Number(each), 0),
    0,
  )
  if (open !== 0 || used !== total)
    throw new Violation(`${used} were used, history has ${total}, counters ${open} more`)
}

const plays: Play[] = [
  sweep,
  checkIn,
  checkIn,
  checkPaid,
  checkPaid,
  count,
  countMany,
  spend,
  change,
  giveBack,
  giveBack,
]

/** Over all who give back: at most what was taken. */
function judgeGivenBack({ intent: { id }, reply }: Dialogue, all: Dialogue[]): void {
  const usageId = reply?.body.usageId
  if (usageId === undefined) return
  const returned = all
    .filter(
      ({ intent: { call }, reply: other }) =>
        call.operation.id === recordUsage.id && referenceOf(call.body) === usageId && (other?.status ?? 500) < 300,
    )
    .reduce((sum, { intent: { call } }) => sum - asked(call.body, 'quantity'), 0)
  const taken = all.find((dialogue) => dialogue.intent.id === id)?.intent.call.body
  if (returned > Math.max(0, asked(taken, 'quantity'))) throw new Violation(`${returned} were given back of ${id}`)
}

const referenceOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? Reflect.get(body, 'reference') : undefined
