import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenapiDocument } from '#operations/openapi/document'
import type { JsonSchema } from '#operations/openapi/schema'

/** Compiles schemas of a document; equal schemas are compiled once. */
export class ContractSchemas {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false })
  readonly #document: OpenapiDocument
  readonly #compiled = new Map<string, ValidateFunction>()

  constructor(document: OpenapiDocument) {
    this.#document = document
    addFormats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'document', components: JSON.parse(pointed(document.components)) })
  }

  /** Why a value is not what the schema says; undefined when it is. */
  fault(schema: JsonSchema, value: unknown): string | undefined {
    const text = pointed(schema)
    const validate = this.#compiled.get(text) ?? this.#ajv.compile(JSON.parse(text))
    this.#compiled.set(text, validate)
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors)
  }

  /** What a `$ref` into the components stands for; anything else is itself. */
  resolve(value: JsonSchema): JsonSchema {
    const [, , kind = '', ...name] = typeof value.$ref === 'string' ? value.$ref.split('/') : []
    return this.#document.components[kind]?.[name.join('/')] ?? value
  }
}

/** With references that lead into the added document. */
const pointed = (value: unknown): string => JSON.stringify(value).replaceAll('"#/components/', '"document#/components/')
