import { httpOperations } from '#operations/index'
import { type OpenapiDocument, openapiDocument } from '#operations/openapi/document'

/** The document of all operations. */
export const openapi = (): OpenapiDocument => openapiDocument(httpOperations)

/** As the golden file holds it. */
export const openapiText = (): string => `${JSON.stringify(openapi(), null, 2)}\n`
