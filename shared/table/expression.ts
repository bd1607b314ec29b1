import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { Condition, Value } from './port.ts'

/** Marshals a value that is already known to be JSON; `undefined` members are dropped as JSON drops them. */
export const toAttributes = (item: Record<string, Value | undefined>): Record<string, AttributeValue> =>
  marshall(item, { removeUndefinedValues: true })

/** Collects names and values behind placeholders, so that no attribute name or value ever stands in an expression. */
export class Placeholders {
  readonly names: Record<string, string> = {}
  readonly values: Record<string, Value> = {}
  readonly #known = new Map<string, string>()
  #count = 0

  name(attribute: string): string {
    const seen = this.#known.get(attribute)
    if (seen) return seen
    const alias = `#${this.#count++}`
    this.#known.set(attribute, alias)
    this.names[alias] = attribute
    return alias
  }

  value(value: Value): string {
    const alias = `:${this.#count++}`
    this.values[alias] = value
    return alias
  }

  condition(condition: Condition): string {
    switch (condition.op) {
      case 'absent':
        return `attribute_not_exists(${this.name(condition.attr)})`
      case 'present':
        return `attribute_exists(${this.name(condition.attr)})`
      case 'and':
      case 'or':
        return `(${condition.of.map((one) => this.condition(one)).join(` ${condition.op.toUpperCase()} `)})`
      default:
        return `${this.name(condition.attr)} ${condition.op} ${this.value(condition.value)}`
    }
  }

  /** The members of a request; DynamoDB refuses empty maps. */
  members(): {
    ExpressionAttributeNames?: Record<string, string>
    ExpressionAttributeValues?: Record<string, AttributeValue>
  } {
    return {
      ...(Object.keys(this.names).length > 0 && { ExpressionAttributeNames: this.names }),
      ...(Object.keys(this.values).length > 0 && { ExpressionAttributeValues: toAttributes(this.values) }),
    }
  }
}
