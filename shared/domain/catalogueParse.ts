import { type Fault, faultsOf, prototypeFaults } from '#errors/fault'
import { type Catalogue, catalogueSchema } from './catalogue.ts'
import { catalogueFaults } from './catalogueChecks.ts'

export type ParsedCatalogue = { ok: true; catalogue: Catalogue } | { ok: false; errors: Fault[] }

/** A file with more mistakes than this has one mistake. */
const mostFaults = 50

/**
 * Reads a catalogue from parsed JSON, defaults filled in. Shape first; only what has the right shape is checked for what
 * its parts say about each other. At most 50 errors, in the order of the file.
 */
export function parseCatalogue(json: unknown): ParsedCatalogue {
  const hidden = prototypeFaults(json)
  if (hidden.length > 0) return { ok: false, errors: hidden.slice(0, mostFaults) }
  const shape = catalogueSchema.safeParse(json, { reportInput: true })
  if (!shape.success)
    return { ok: false, errors: shape.error.issues.flatMap((issue) => faultsOf(issue)).slice(0, mostFaults) }
  const errors = catalogueFaults(shape.data)
  return errors.length > 0 ? { ok: false, errors: errors.slice(0, mostFaults) } : { ok: true, catalogue: shape.data }
}
