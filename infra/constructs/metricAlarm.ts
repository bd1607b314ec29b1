import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Duration } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { MetricName } from '#operations/metrics'
import type { Watched } from '../metricAlarms.ts'
import type { Names } from '../names.ts'
import { LossAlarm } from './lossAlarm.ts'

/** What the product counts under a name, over all of its dimensions: `shared/runtime/metric.ts` counts each twice, with and without. */
export const counted = (metricName: MetricName, statistic = 'Sum', period = Duration.hours(1)): Metric =>
  new Metric({ namespace: 'Faregate', metricName, statistic, period })

/** Raised when something was counted that staff must look at. */
export class MetricLossAlarm extends LossAlarm {
  constructor(scope: Construct, names: Names, { metric, slug, ifItFails, threshold, ...how }: Watched) {
    super(scope, metric, { names, slug, ifItFails, threshold, metric: observed(metric, how) })
  }
}

function observed(name: MetricName, { periodHours, shareFrom }: Pick<Watched, 'periodHours' | 'shareFrom'>): IMetric {
  const period = Duration.hours(periodHours)
  if (shareFrom === undefined) return counted(name, 'Sum', period)
  return new MathExpression({
    expression: `IF(tried >= ${shareFrom}, hits / tried, 0)`,
    usingMetrics: { hits: counted(name, 'Sum', period), tried: counted(name, 'SampleCount', period) },
    label: name,
    period,
  })
}
