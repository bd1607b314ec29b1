/** A compiled route key. Lower `rank` wins among the routes that match. */
interface Pattern<T> {
  method: string
  segments: string[]
  rank: string
  route: T
}

export interface Match<T> {
  route: T
  /** As they stand in the path; not decoded. */
  parameters: Record<string, string>
}

/**
 * Finds the route of an HTTP API as API Gateway does: the more specific path wins (literal segment before `{parameter}`
 * before `{proxy+}`), then the route's own method before `ANY`, then `$default`.
 */
export function createRouter<T extends { key: string }>(
  routes: T[],
): (method: string, path: string) => Match<T> | undefined {
  const fallback = routes.find((route) => route.key === '$default')
  const patterns = routes
    .filter((route) => route !== fallback)
    .map((route): Pattern<T> => {
      const [method = '', path = ''] = route.key.split(' ')
      const segments = segmentsOf(path)
      return { method, segments, rank: `${segments.map(rankOf).join('')}~${method === 'ANY' ? 1 : 0}`, route }
    })
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))

  return (method, path) => {
    const segments = segmentsOf(path)
    for (const pattern of patterns) {
      if (pattern.method !== method && pattern.method !== 'ANY') continue
      const parameters = match(pattern.segments, segments)
      if (parameters) return { route: pattern.route, parameters }
    }
    return fallback ? { route: fallback, parameters: {} } : undefined
  }
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1)
const isGreedy = (segment: string): boolean => segment.endsWith('+}')
const isParameter = (segment: string): boolean => segment.startsWith('{')
const rankOf = (segment: string): string => (isGreedy(segment) ? '3' : isParameter(segment) ? '2' : '1')

function match(pattern: string[], path: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, wanted] of pattern.entries()) {
    const segment = path[index]
    if (segment === undefined) return undefined
    if (isGreedy(wanted)) {
      const rest = path.slice(index).join('/')
      return rest === '' ? undefined : { ...parameters, [wanted.slice(1, -2)]: rest }
    }
    if (!isParameter(wanted)) {
      if (wanted !== segment) return undefined
    } else if (segment === '') return undefined
    else parameters[wanted.slice(1, -1)] = segment
  }
  return pattern.length === path.length ? parameters : undefined
}
