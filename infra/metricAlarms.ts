import { type MetricName, metricNames } from '#operations/metrics'

/** An alarm on what the product counts, over all providers. */
export interface MetricAlarm {
  /** Last part of the alarm's name; its first word is a heading of the runbook. */
  slug: `${'money' | 'webhooks' | 'renewals'}-${string}`
  /** What a user loses, and what is at stake when nobody looks. */
  ifItFails: string
  /** For whoever is woken: what to look at, and what to do. */
  todo: readonly string[]
  /** Raised at this sum, or this share, and above. */
  threshold: number
  periodHours: number
  /** Watches the mean of zeros and ones instead of their sum, from this many of them on: of two, one is no half. */
  shareFrom?: number
}

/** Why a metric needs no alarm of its own: it is on the dashboard. */
export interface ChartOnly {
  chartOnly: string
}

/** Found, most of them, in a staff list that names each one: the alarm says that there is something to look at. */
const anHour = { threshold: 1, periodHours: 1 } as const

/** Who watches what is counted. Each alarm costs 0.10 dollars a month, one on a share twice that. */
export const watches: Record<MetricName, MetricAlarm | ChartOnly> = {
  PaymentReview: {
    slug: 'money-review',
    ...anHour,
    ifItFails: 'A customer has paid and did not get what was bought: the money is held, or became account credit.',
    todo: [
      '`GET /v1/admin/payments?status=review`. `review` in each says why; docs/payments.md lists the reasons and what staff may do.',
      'Decide with `POST /v1/admin/payments/{paymentId}/review`, or refund. Many at once for one reason (`mode`, `provider`, `account`): look at the deployment’s keys first.',
    ],
  },
  PaymentWithheld: {
    slug: 'money-withheld',
    // Each look at such a payment counts, and one alone is mostly a second try of somebody who has paid by then.
    threshold: 10,
    periodHours: 1,
    ifItFails:
      'Customers’ payments are authorised and not taken, because they differ from what was asked for: nobody gets anything.',
    todo: [
      'In Logs Insights: `filter ispresent(PaymentWithheld) | stats count() by provider`. Compare an order at the provider with the payment: amount, currency, reference, mode.',
      'The money goes back by itself. After a deployment or a change of prices or keys: take it back.',
    ],
  },
  ChargeClaimedTwice: {
    slug: 'money-twice',
    ...anHour,
    ifItFails: 'One provider payment is announced for two payments of ours: the second customer gets nothing for it.',
    todo: [
      'The log has `a provider payment that settled another payment was announced for this one` with the payment. Find the provider payment in its dashboard: whose is it?',
      'It happens when two deployments share a provider account, or somebody sends forged references. Nothing was granted twice.',
    ],
  },
  RefundFailed: {
    slug: 'money-refund-failed',
    ...anHour,
    ifItFails: 'A customer was promised money back and did not get it: the bank or the provider refused.',
    todo: [
      '`GET /v1/admin/payments?status=completed` with the flag `refund_failed`, then `…/{paymentId}/refunds`. Credits, item and account credit are back with the customer; an ended plan is not.',
      'Ask the customer for another way, and refund again or pay by hand. A balance at the provider that is too small is the usual reason for many at once.',
    ],
  },
  RefundOutside: {
    slug: 'money-refund-outside',
    ...anHour,
    ifItFails: 'Money went back by the provider’s dashboard: the customer still has what it paid for.',
    todo: [
      'The payment has the flag `refunded_outside` and its credit note. Account credit that the money had become has left; nothing else was taken: cancel the plan, adjust the credits or leave it.',
      'With the flag `credit_spent`, that credit had been spent: `creditShort` of the charge says how much is to be asked for, or written off.',
      'Nobody of yours did it? Change the dashboard’s passwords and keys at once.',
    ],
  },
  PaymentDisputed: {
    slug: 'money-disputed',
    ...anHour,
    ifItFails: 'A customer’s bank takes a payment back unless it is answered in time; each one costs a fee.',
    todo: [
      'The payment has the flag `dispute_open`. Answer in the provider’s dashboard before its date, or refund there: a refund by us does not end a dispute.',
      'The plan goes on meanwhile. Several from one country or card range: it is card testing, ask the provider to block it.',
    ],
  },
  PaymentEvidenceFull: {
    slug: 'money-evidence-full',
    ...anHour,
    ifItFails: 'A payment has more disputes or refunds than it can hold: what comes now is not in our books.',
    todo: [
      'Find the payment by the webhook event of that minute (`GET /v1/admin/webhooks`), and follow it in the provider’s dashboard.',
    ],
  },
  PaymentNotAsked: {
    slug: 'money-not-asked',
    ...anHour,
    ifItFails:
      'Nobody can say whether a payment was paid: its provider is turned off, has other keys by now, or does not know the order under them.',
    todo: [
      'Put the provider’s keys back into the payment secret while payments made with them are open: they are asked for again within six hours.',
      'Without them a payment expires three days after its time, with the flag `not_asked`: what it held goes back. Look for it in the old merchant account’s dashboard.',
    ],
  },
  ReconciliationDifference: {
    slug: 'money-differs',
    ...anHour,
    ifItFails:
      'The books of one of the last four days differ from a provider’s: money is there that nobody granted anything for, or the reverse.',
    todo: [
      '`GET /v1/admin/reconciliation?day=` of each of the last four days lists each difference with both sides. What could be settled was settled by the run itself; `not_compared` is tried again by itself.',
      'A payment that the provider does not know was made with other keys; one that we do not know belongs to another shop on the same account, or to a deployment that was restored.',
    ],
  },
  WebhookSignature: {
    slug: 'webhooks-signature',
    // A stray scanner tries once or twice; a provider with another secret tries each event again and again.
    threshold: 5,
    periodHours: 1,
    ifItFails:
      'Events come with a wrong signature: a secret is out of step and payments are seen late, or somebody forges them.',
    todo: [
      'In Logs Insights: `filter ispresent(WebhookSignature) | stats count() by provider`. The access log has the addresses; compare them with those that the provider publishes.',
      'Theirs: put the secret of the dashboard beside the old one (docs/deploy.md, “Replace a key”). The provider sends the events again for hours to days, and the comparison finds the rest.',
      'Not theirs: nothing to do. Nothing unsigned is stored, and an address that keeps failing has to wait.',
    ],
  },
  WebhookMode: {
    slug: 'webhooks-mode',
    ...anHour,
    ifItFails: 'Events of the other mode come in and are ignored: real payments may be told to the test deployment.',
    todo: ['Compare the webhook addresses in the provider’s dashboard, test and live, with the two deployments’.'],
  },
  WebhookUnreadable: {
    slug: 'webhooks-unreadable',
    ...anHour,
    ifItFails: 'A provider’s event cannot be read any more: what it tells of payments or refunds waits.',
    todo: [
      '`GET /v1/admin/webhooks?status=failed` shows them, masked. The provider has changed its format: compare with its changelog, and mend `shared/gateways/<provider>Webhook.ts`.',
      'After that `POST /v1/admin/webhooks/replay {"status": "failed"}`.',
    ],
  },
  WebhookUnmatched: {
    slug: 'webhooks-unmatched',
    ...anHour,
    ifItFails: 'A provider tells of money that no payment here belongs to: somebody may have paid for nothing.',
    todo: [
      '`GET /v1/admin/webhooks?status=ignored` with `unmatched`. Find the payment in the provider’s dashboard: whose is it, what does it refer to?',
      'Another shop on the same provider account does this all the time: give it an account of its own. Else refund it there.',
    ],
  },
  RenewalFailed: {
    slug: 'renewals-failed',
    // Cards are declined every day, and retries of declined ones mostly fail too; half of all is more than that.
    threshold: 0.5,
    periodHours: 6,
    shareFrom: 5,
    ifItFails:
      'Half of the renewals or more fail: customers with good cards become overdue, and lose their plans after 72 hours.',
    todo: [
      '`GET /v1/admin/renewals/stats` and `…/runs`: since when? The payments’ `failure` says why: one reason for all is a key, a mandate or an outage (the provider’s status page).',
      'Retries come after 24, 48 and 71 hours by themselves; `POST /v1/admin/renewals/run` starts what is due at once. If the grace ends before it is mended, extend the subscriptions.',
    ],
  },
  Defect: { chartOnly: 'The alarm of its area watches it.' },
  WebhookDead: { chartOnly: 'Its message ends in the dead-letter queue, whose alarm is `dead-webhook`.' },
}

export type Watched = MetricAlarm & { metric: MetricName }

const isAlarm = (watch: MetricAlarm | ChartOnly): watch is MetricAlarm => 'slug' in watch

/** What has an alarm. */
export const metricAlarms: readonly Watched[] = metricNames.flatMap((metric) => {
  const watch = watches[metric]
  return isAlarm(watch) ? [{ metric, ...watch }] : []
})
