import { newAccount } from '#domain/account'
import { fallbackPlan, termsAt } from '#domain/catalogueTerms'
import { initialZones } from '#domain/time'
import { emptyWallet } from '#domain/walletState'
import { grantCredits, releaseReservation } from '#operations/credits'
import { putAccountWrite } from '#table/accounts'
import { putWalletWrite } from '#table/wallets'
import { effectOf, judgeAnswer } from './answers.ts'
import type { Dialogue, Reply } from './caller.ts'
import { accountId, commit, deduct, grant, intent, refund, release, reserve } from './calls.ts'
import { bareCatalogue } from './catalogue.ts'
import { doubt } from './spending.ts'
import type { Scenario, Stage } from './stage.ts'
import { Violation } from './world.ts'

const startAt = Date.parse('2026-01-15T10:00:00Z')
const secondMs = 1_000
const dayMs = 86_400_000

/** Everything that credits can do, on one account, over hours in which grants expire and holds lapse. */
export const creditsScenario: Scenario = {
  name: 'credits',
  catalogue: bareCatalogue,
  startAt,
  limits: {},
  prepare: async (stage) => {
    found(stage)
    await stage.callers.ask(intent('first', grant(12)))
    await stage.callers.ask(
      intent('brief', grant(15, { expiresAt: after(stage, stage.random.between(30, 4_000) * secondMs) })),
    )
  },
  play: (stage) => Array.from({ length: stage.random.between(2, 3) }, (_, index) => live(stage, `caller${index}`)),
  turn: ({ callers }) => callers.ask(intent('riches', grant(50))),
  effectOf,
  judge: (dialogue, oracle, all) => {
    const beside = all.filter(({ intent: { group } }) => group === dialogue.intent.group)
    // A released hold is remembered for a quarter of an hour; later nobody knows that it ever was.
    const forgotten = beside.some(({ intent: { call } }) => call.operation.id === releaseReservation.id)
    // A grant that was never booked and whose expiry has passed meanwhile is too late.
    const late = dialogue.intent.call.operation.id === grantCredits.id
    judgeAnswer(dialogue, oracle, [...(forgotten ? [404] : []), ...(late ? [400] : [])])
    judgeClosing(beside)
  },
}

/** The account as it stands once it was made: these scenarios are about what follows. */
export function found({ world }: Stage): void {
  const fallback = fallbackPlan(bareCatalogue.catalogue)
  const account = newAccount(accountId, fallback ? termsAt(bareCatalogue, fallback) : null, world.now)
  world.store.write([
    putAccountWrite({ ...account, ver: 1 }, undefined),
    putWalletWrite(accountId, { ...emptyWallet(initialZones('UTC')), version: 1 }, undefined, world.now),
  ])
}

async function live(stage: Stage, name: string): Promise<void> {
  const { world, random } = stage
  const acts = random.between(2, 3)
  for (let act = 0; act < acts; act++) {
    await random.pick(plays)(stage, `${name}.${act}`)
    if (random.chance(0.15)) await doubt(stage)
    await world.scheduler.sleep(random.chance(0.1) ? random.between(1, 3_600) * secondMs : random.between(0, 30))
  }
}

type Play = (stage: Stage, id: string) => Promise<void>

const give: Play = async (stage, id) => {
  const { callers, random } = stage
  const more = random.chance(0.4)
    ? { expiresAt: after(stage, random.between(1, 600) * secondMs) }
    : { priority: random.between(0, 2) }
  await callers.ask(intent(`${id} grant`, grant(random.between(1, 9), more)))
}

const spend: Play = async ({ callers, random }, id) => {
  await callers.ask(intent(`${id} deduct`, deduct(random.between(1, 12))))
}

/** A deduction that is given back, twice over: at most what it took comes back. */
const giveBack: Play = async ({ callers, random }, id) => {
  const amount = random.between(2, 8)
  const taken = await callers.ask(intent(`${id} deduct`, deduct(amount)))
  if (taken?.status !== 201) return
  const deductionId = String(taken.body.id)
  await Promise.all(
    ['one', 'two'].map((which) =>
      callers.ask(
        intent(
          `${id} refund ${which}`,
          refund(deductionId, random.chance(0.5) ? random.between(1, amount) : undefined),
        ),
      ),
    ),
  )
}

/** A hold that is closed by one or two parties, or by nobody. */
const hold: Play = async ({ callers, world, random }, id) => {
  const amount = random.between(1, 10)
  const short = random.chance(0.3)
  const held = await callers.ask(
    intent(
      `${id} ${short ? 'short' : 'long'} reserve`,
      reserve(amount, short ? random.between(1, 30) : dayMs / secondMs),
      // Once a short hold has lapsed its key stands for a new question, which may find too little.
      { passing: true, open: short, standing: short ? ({ amount }) => amount : standingOfHold },
    ),
  )
  if (held?.status !== 201) return
  await world.scheduler.sleep(random.between(0, short ? 40_000 : 40))
  const reservationId = String(held.body.id)
  const closings = [
    () => commit(reservationId, random.chance(0.5) ? {} : { amount: random.between(1, amount) }),
    () => commit(reservationId, { amount: amount + random.between(1, 3), allowAboveHold: true }),
    () => commit(reservationId, {}),
    () => release(reservationId),
  ]
  const parties = random.between(0, 2)
  await Promise.all(
    Array.from({ length: parties }, (_, party) => {
      const closing = random.pick(closings)()
      const passing = closing.operation.id === releaseReservation.id
      const group = `closing of ${reservationId}`
      return callers.ask(
        intent(`${id} close ${party}`, closing, { group, passing, open: true, standing: standingOfHold }),
      )
    }),
  )
}

const plays: Play[] = [give, spend, spend, giveBack, hold, hold]

/** Balance and status of a hold move on; what it is, and what its commit took, does not. */
const standingOfHold = ({ id, amount, expiresAt, committed, entryId }: Reply['body']) => ({
  id,
  amount,
  expiresAt,
  committed,
  entryId,
})

const after = ({ world }: Stage, delayMs: number): string => new Date(Math.floor(world.now) + delayMs).toISOString()

/** One hold ends one way, whoever asked for what. */
function judgeClosing(dialogues: Dialogue[]): void {
  const done = dialogues.filter(({ reply }) => reply !== undefined && reply.status < 300)
  if (new Set(done.map(({ intent: { call } }) => call.operation.id)).size > 1)
    throw new Violation(`${dialogues[0]?.intent.group}: both committed and released`)
}
