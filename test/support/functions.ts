import { existsSync } from 'node:fs'
import type { HttpOperation } from '#operations/definition'
import { httpOperations } from '#operations/index'
import type { Run } from '#runtime/run'

const fileOf = ({ area, id }: HttpOperation) => new URL(`../../functions/${area}/${id}.ts`, import.meta.url)

/** The operations that stand on routes and their functions, by id. One without a file is a house test's business. */
export async function httpFunctions(): Promise<Map<string, { operation: HttpOperation; run: Run<HttpOperation> }>> {
  const present = httpOperations.filter((operation) => existsSync(fileOf(operation)))
  const loaded = present.map(async (operation) => {
    const { run } = (await import(fileOf(operation).href)) as { run: Run<HttpOperation> }
    return [operation.id, { operation, run }] as const
  })
  return new Map(await Promise.all(loaded))
}
