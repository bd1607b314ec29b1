/** The value below which `share` (0–1) of the samples lie; the nearest one that was measured. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error('there are no samples')
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)
