/**
 * USD, region us-east-1, without free tiers: AWS's list prices as they were known on this date. They were not read from
 * AWS's price list that day, so check a price at its source before a decision rests on it, and move the date with it.
 */
export const pricedOn = '2026-11-21'
export const region = 'us-east-1'

/** aws.amazon.com/dynamodb/pricing/on-demand: a million units, standard table class; a GB-month stored, and of point-in-time recovery. */
export const dynamodb = { writeUnits: 0.625, readUnits: 0.125, storedGigabyte: 0.25, recoverableGigabyte: 0.2 }
/** aws.amazon.com/lambda/pricing: arm64, first tier; a million requests, a GB-second. */
export const lambda = { requests: 0.2, gigabyteSecond: 0.000_013_333_4 }
/** aws.amazon.com/api-gateway/pricing: HTTP API, first tier; a million requests of at most 512 KB. */
export const httpApi = { requests: 1 }
/** aws.amazon.com/cloudwatch/pricing: a GB of log taken in, an alarm on a standard metric and a dashboard for a month. */
export const cloudwatch = { logGigabyte: 0.5, alarm: 0.1, dashboard: 3 }
/** aws.amazon.com/sqs/pricing and aws.amazon.com/eventbridge/pricing: a million requests, a million runs of schedules. */
export const sqs = { requests: 0.4 }
export const scheduler = { runs: 1 }
