export const rateSpans = ['second', 'minute', 'hour', 'day'] as const
export type RateSpan = (typeof rateSpans)[number]

const seconds: Record<RateSpan, number> = { second: 1, minute: 60, hour: 3_600, day: 86_400 }

/** The span that a rate limit counts over, in seconds. */
export const secondsOf = (span: RateSpan): number => seconds[span]
