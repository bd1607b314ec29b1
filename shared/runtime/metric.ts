import type { MetricName } from '#operations/metrics'

/**
 * Embedded metric format: CloudWatch reads the metric from the log line itself, so no call is made. What has dimensions is
 * counted twice, by them for the charts, and in all: an alarm watches one metric, and none for each value that comes up.
 */
export function emitMetric(name: MetricName, value: number, dimensions: Record<string, string>): void {
  const names = Object.keys(dimensions)
  process.stdout.write(
    `${JSON.stringify({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: 'Faregate',
            Dimensions: names.length > 0 ? [names, []] : [[]],
            Metrics: [{ Name: name, Unit: 'Count' }],
          },
        ],
      },
      ...dimensions,
      [name]: value,
    })}\n`,
  )
}
