import type { Area, QueueName } from '#operations/definition'

/** What a user loses while something in an area keeps failing: the first line of its alarm. */
export const areaLosses: Record<Area, string> = {
  accounts: 'Accounts cannot be made or read, and no server of the product may get in.',
  admin: 'Staff cannot mend plans, balances or keys.',
  catalogue: 'Visitors cannot see plans and prices.',
  credits: 'Credits cannot be granted, taken, held or given back.',
  entitlements: 'The product cannot ask what an account may do, so its customers are turned away.',
  usage: 'Usage is not counted: limits do not hold and overage is not billed.',
  operation: 'Notices are late, or a difference in a ledger stays unseen.',
}

/** What waits in each queue, seen by those who wait for it. */
export const queueLosses: Record<QueueName, string> = {
  due: 'Windows stay open and included credits are booked late.',
  outbox: 'Accounts are not told that a limit is near or reached.',
  audit: 'A difference between ledger and balance stays unseen.',
}
