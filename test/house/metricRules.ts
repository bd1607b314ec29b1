import { isCode, type Source } from './sources.ts'

/** What code counts: the words of `deps.metric('…'`, and those that a plan names for it (`alarm: '…'`). */
const counts = /(?:\bmetric\(|\balarm: )'(\w+)'/g

/**
 * Every name that is counted is watched, and every name that is watched is counted somewhere: an alarm on a name that
 * nobody counts any more would never be raised.
 */
export function metricsAreWatched(names: readonly string[], sources: readonly Source[]): string[] {
  const code = sources.filter((source) => isCode(source) && /^(shared|functions)\//.test(source.path))
  const counted = new Map(
    code.flatMap(({ path, text }) => [...text.matchAll(counts)].map(([, name = '']) => [name, path] as const)),
  )
  return [
    ...[...counted]
      .filter(([name]) => !names.includes(name))
      .map(([name, path]) => `${path} counts ${name}, which nobody watches`),
    ...names.filter((name) => !counted.has(name)).map((name) => `${name} is watched, and nobody counts it`),
  ]
}
