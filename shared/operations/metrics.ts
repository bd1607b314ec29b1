/**
 * What the product counts for alarms and charts: names of CloudWatch metrics in the namespace `Faregate`. Code counts them
 * (`deps.metric`), the stacks watch them (`infra/metricAlarms.ts` says of each one how); a name that nobody watches does not compile.
 */
export const metricNames = [
  'ChargeClaimedTwice',
  'Defect',
  'PaymentDisputed',
  'PaymentEvidenceFull',
  'PaymentNotAsked',
  'PaymentReview',
  'PaymentWithheld',
  'ReconciliationDifference',
  'RefundFailed',
  'RefundOutside',
  /** 1 for a renewal that failed, 0 for one that went through: the mean is the share that fails. */
  'RenewalFailed',
  'WebhookDead',
  'WebhookMode',
  'WebhookSignature',
  'WebhookUnmatched',
  'WebhookUnreadable',
] as const
export type MetricName = (typeof metricNames)[number]
