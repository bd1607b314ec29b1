import { callerOf } from '#operations/definition'
import { httpOperations } from '#operations/index'

/** `METHOD path operation caller scope`, sorted by path. */
export function routeLines(): string[] {
  return httpOperations
    .flatMap((operation) => operation.routes.map((route) => ({ operation, route })))
    .map(({ operation, route }) => {
      const [method = '', path = ''] = route.split(' ')
      const caller = callerOf(route)
      return {
        path,
        line: `${method} ${path} ${operation.id} ${caller} ${(caller === 'server' && operation.scope) || '-'}`,
      }
    })
    .sort((a, b) => (a.path === b.path ? (a.line < b.line ? -1 : 1) : a.path < b.path ? -1 : 1))
    .map(({ line }) => line)
}
