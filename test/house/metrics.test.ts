import { describe, expect, it } from 'vitest'
import { metricAlarms, watches } from '#infra/metricAlarms'
import { emitMetric } from '#runtime/metric'
import { metricsAreWatched } from './metricRules.ts'
import { allSources } from './sources.ts'

describe('what is counted', () => {
  it('has an alarm or says why it needs none, and nothing is watched in vain', () => {
    expect(metricsAreWatched(Object.keys(watches), allSources())).toEqual([])
  })

  it('is found where it is counted: a planted breach either way', () => {
    const counting = { path: 'shared/a.ts', text: "deps.metric('Known', 1, {}); return { alarm: 'Planned' }" }
    expect(metricsAreWatched(['Known', 'Planned'], [counting])).toEqual([])
    expect(metricsAreWatched(['Planned'], [counting])).toEqual(['shared/a.ts counts Known, which nobody watches'])
    expect(metricsAreWatched(['Known', 'Planned', 'Gone'], [counting])).toEqual([
      'Gone is watched, and nobody counts it',
    ])
    expect(metricsAreWatched(['Known'], [{ ...counting, path: 'local/a.ts' }])).toHaveLength(1)
  })

  it('is said in sentences: what a user loses, and what to do', () => {
    for (const { slug, ifItFails, todo } of metricAlarms) {
      expect(slug).toMatch(/^(money|webhooks|renewals)-[a-z-]+$/)
      for (const sentence of [ifItFails, ...todo]) expect(sentence).toMatch(/^\S.{20,}[.?]$/s)
    }
    expect(new Set(metricAlarms.map(({ slug }) => slug)).size).toBe(metricAlarms.length)
  })
})

describe('a line of the embedded metric format', () => {
  const lineOf = (dimensions: Record<string, string>) => {
    const lines: string[] = []
    const write = process.stdout.write
    process.stdout.write = (text) => lines.push(String(text)) > 0
    try {
      emitMetric('RefundFailed', 2, dimensions)
    } finally {
      process.stdout.write = write
    }
    return JSON.parse(lines.join(''))
  }

  it.each([
    ['counts by its dimensions and in all', { provider: 'stripe' }, [['provider'], []]],
    ['counts once what has none', {}, [[]]],
  ])('%s', (_, dimensions, sets) => {
    expect(lineOf(dimensions)).toMatchObject({
      _aws: {
        CloudWatchMetrics: [
          { Namespace: 'Faregate', Dimensions: sets, Metrics: [{ Name: 'RefundFailed', Unit: 'Count' }] },
        ],
      },
      RefundFailed: 2,
      ...dimensions,
    })
  })
})
