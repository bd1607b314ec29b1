import { grantPlan } from '#operations/admin'
import { commitReservation, deductCredits, grantCredits, refundCredits, reserveCredits } from '#operations/credits'
import { check } from '#operations/entitlements'
import { recordUsage } from '#operations/usage'
import type { Dialogue } from './caller.ts'
import { creditCosts } from './catalogue.ts'
import { type Effect, nothing, type Oracle } from './oracle.ts'
import { Violation } from './world.ts'

/**
 * What an answer says was done. A hold of `short` life may have lapsed before its caller was told of it, and its key then
 * stands for a new question.
 */
export function effectOf({ intent, reply }: Dialogue, done: Effect): Effect {
  const short = intent.id.includes('short')
  if (!reply || reply.status >= 300) return short ? { ...nothing, holds: done.holds } : nothing
  const { body } = reply
  const amount = Number(body.amount)
  switch (intent.call.operation.id) {
    case grantCredits.id:
    case refundCredits.id:
      return { ...nothing, credits: amount }
    case deductCredits.id:
      return { ...nothing, credits: -amount }
    case reserveCredits.id:
      return { ...nothing, holds: short ? Math.max(1, done.holds) : 1 }
    case commitReservation.id:
      return { ...nothing, credits: -Number(body.committed) }
    case check.id:
      return body.allowed === true
        ? { ...nothing, units: asked(intent.call.body, 'quantity'), credits: -costOf(body) }
        : nothing
    case recordUsage.id:
      return sumOf(uses(intent.call.body, body))
    case grantPlan.id:
      return { ...nothing, plans: 1 }
    default:
      return nothing
  }
}

/** What each event of a call took: of a batch those that were counted, in the order sent. */
function uses(sent: unknown, answer: Record<string, unknown>): Effect[] {
  if (!Array.isArray(sent)) return [useOf(sent)]
  const results = Array.isArray(answer.results) ? answer.results : []
  return sent.flatMap((event, index) => (asked(results[index], 'status') < 300 ? [useOf(memberOf(event, 'data'))] : []))
}

function useOf(event: unknown): Effect {
  const units = asked(event, 'quantity')
  return { ...nothing, units, credits: 0 - units * (creditCosts[String(memberOf(event, 'feature'))] ?? 0) }
}

const sumOf = (effects: Effect[]): Effect =>
  effects.reduce(
    (sum, each) => ({ ...sum, units: sum.units + each.units, credits: sum.credits + each.credits }),
    nothing,
  )

/** Refusals that a caller may meet; any other is a fault of the product, or of the scenario. */
const expectedRefusals = [402, 409]

/** A shortage must have been one, and no answer may be of a kind that nobody can meet here. */
export function judgeAnswer(dialogue: Dialogue, oracle: Oracle, further: number[] = []): void {
  const { reply, intent } = dialogue
  if (!reply) return
  const { status, body } = reply
  if (status === 402) oracle.judgeShortage(dialogue, Number(body.required))
  else if (body.reason === 'insufficient_credits') oracle.judgeShortage(dialogue, costOf(body))
  else if (status >= 300 && ![...expectedRefusals, ...further].includes(status) && body.code !== 'usage_limit_reached')
    throw new Violation(`${intent.id} was answered ${status} ${String(body.code)}: ${String(body.detail)}`)
}

/** A whole number in a request or an answer. */
export const asked = (value: unknown, name: string): number => Number(memberOf(value, name))
export const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
const costOf = (body: unknown): number => asked(memberOf(body, 'credits'), 'cost')
