import { accountIdOf } from './names.ts'
import { withProgress } from './progress.ts'
import type { Bound, Table } from './report.ts'
import type { Stage } from './stage.ts'
import { median } from './statistics.ts'

const callers = 200
const each = 7
const grants = 12
const grantOf = 100
/** 12 grants of 100 hold 171 deductions of 7, and 3 are left. */
const accepted = Math.floor((grants * grantOf) / each)
const mostSeconds = 10

/** Two hundred callers of one process deduct from one wallet at once, with the product's own patience. */
export async function measureCrowd(stage: Stage, rounds: number): Promise<{ table: Table; bounds: Bound[] }> {
  const found: { accepted: number; refused: number; sentAway: number; seconds: number }[] = []
  await withProgress('200 deductions at once', async (update) => {
    for (let round = 0; round < rounds; round++) {
      found.push(await crowd(stage, accountIdOf(9_100 + round)))
      update(round + 1, rounds)
    }
  })
  const rows = found.map((one, round) => [`round ${round + 1}`, one.accepted, one.refused, one.sentAway, one.seconds])
  const wrong = found.filter((one) => one.accepted !== accepted || one.refused !== callers - accepted)
  return {
    table: {
      title: `${callers} deductions of ${each} at once from ${grants} grants of ${grantOf}`,
      columns: ['', 'accepted', 'refused (402)', 'sent away (503)', 'seconds'],
      rows,
    },
    bounds: [
      {
        what: `rounds without exactly ${accepted} accepted and ${callers - accepted} refused`,
        value: wrong.length,
        most: 0,
      },
      {
        what: '200 deductions at once, seconds',
        value: median(found.map(({ seconds }) => seconds)),
        most: mostSeconds,
      },
    ],
  }
}

async function crowd(stage: Stage, accountId: string) {
  await stage.account(accountId, grantOf)
  for (let count = 1; count < grants; count++) {
    await stage.call('grantCredits', { accountId, body: { amount: grantOf, reason: 'one of twelve' } })
  }
  const startedAt = performance.now()
  const statuses = await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const call = { accountId, body: { amount: each, reason: 'crowd' }, key: `crowd ${caller}` }
      // Whatever it answers is the finding: three of the four statuses are expected of some caller.
      return stage.statusOf('deductCredits', call)
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  const count = (status: number) => statuses.filter((one) => one === status).length
  return { accepted: count(201), refused: count(402), sentAway: count(503), seconds }
}
