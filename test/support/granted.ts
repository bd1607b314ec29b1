import { tableGrants } from '#infra/grants'
import type { Operation } from '#operations/definition'
import type { Deps } from '#runtime/deps'
import type { Table, Write } from '#table/port'

const actions: Record<Write['kind'], string> = {
  put: 'dynamodb:PutItem',
  update: 'dynamodb:UpdateItem',
  delete: 'dynamodb:DeleteItem',
  check: 'dynamodb:ConditionCheckItem',
}

/** Dependencies with the table as the function's role has it: a write that the definition does not grant fails, as by IAM. */
export const granted = <D extends Pick<Deps, 'table' | 'config'>>(deps: D, operation: Operation): D => ({
  ...deps,
  table: grantedTable(deps.table, operation, deps.config.mode),
})

function grantedTable(table: Table, operation: Operation, mode: 'test' | 'live'): Table {
  const grants = tableGrants(operation, mode).filter(({ on }) => on === 'table')
  const isGranted = (action: string, pk: string): boolean =>
    grants.some(
      (grant) => grant.actions.includes(action) && (grant.keyPrefixes ?? ['*']).some((one) => isLike(pk, one)),
    )
  return {
    ...table,
    write: async (writes) => {
      for (const write of writes) {
        const { pk } = write.kind === 'put' ? write.item : write.key
        if (!isGranted(actions[write.kind], pk))
          throw new Error(`AccessDenied: ${operation.id} may not ${actions[write.kind]} in ${pk}`)
      }
      return table.write(writes)
    },
  }
}

/** A pattern of IAM: `*` stands for anything, at the end only. */
const isLike = (text: string, pattern: string): boolean =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
