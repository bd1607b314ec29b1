/** Embedded metric format: CloudWatch reads the metric from the log line itself, so no call is made. */
export function emitMetric(name: string, value: number, dimensions: Record<string, string>): void {
  process.stdout.write(
    `${JSON.stringify({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          { Namespace: 'Faregate', Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: name, Unit: 'Count' }] },
        ],
      },
      ...dimensions,
      [name]: value,
    })}\n`,
  )
}
