import type { Area, QueueName } from '#operations/definition'

/** What a user loses while something in an area keeps failing: the first line of its alarm. */
export const areaLosses: Record<Area, string> = {
  accounts: 'Accounts cannot be made or read, and no server of the product may get in.',
  admin: 'Staff cannot mend plans, balances or keys.',
  catalogue: 'Visitors cannot see plans and prices.',
  credits: 'Credits cannot be granted, taken, held or given back.',
  payments: 'Customers cannot pay, or have paid and wait for what they bought; refunds and invoices wait too.',
  purchases: 'Visitors cannot buy single items, and customers cannot see or claim what they bought.',
  subscriptions: 'Customers cannot change, renew or cancel their plan, and renewals are not charged.',
  webhooks: 'Providers’ events are refused or wait: payments and refunds are seen only when somebody asks for them.',
  entitlements: 'The product cannot ask what an account may do, so its customers are turned away.',
  usage: 'Usage is not counted: limits do not hold and overage is not billed.',
  operation: 'Notices are late, or a difference in a ledger stays unseen.',
}

/** What waits in each queue, seen by those who wait for it. */
export const queueLosses: Record<QueueName, string> = {
  due: 'Windows stay open and included credits are booked late.',
  outbox: 'Accounts are not told that a limit is near or reached.',
  audit: 'A difference between ledger and balance stays unseen.',
  webhook:
    'Providers’ events wait: whoever paid and closed the page gets the plan or item only at the next comparison.',
  payment: 'Payments without an answer stay open: money may be in at the provider and nothing granted for it.',
  renewal:
    'Renewals are charged late, trials and cancelled plans are tidied late; access ends at its instant all the same.',
  clock: 'The test clock stands on its way: testers wait. A live deployment has none.',
  number: 'Invoices wait for their numbers, so customers cannot have them as a PDF.',
}
