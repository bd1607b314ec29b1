import type { Condition, Item, Value, Write } from '#table/port'
import { ValidationException } from './memoryLimits.ts'
import { compareBytes } from './memoryOrder.ts'

/** Whether the condition holds for this image (undefined: there is no such item). */
export function evaluate(condition: Condition, image: Item | undefined): boolean {
  switch (condition.op) {
    case 'absent':
      return image?.[condition.attr] === undefined
    case 'present':
      return image?.[condition.attr] !== undefined
    case 'and':
      return condition.of.every((one) => evaluate(one, image))
    case 'or':
      return condition.of.some((one) => evaluate(one, image))
    case '=':
      return image?.[condition.attr] === condition.value
    default:
      return inOrder(image?.[condition.attr], condition.op, condition.value)
  }
}

/** Values of two types, and an absent value, are in no order: the comparison is false. */
function inOrder(value: Value | undefined, op: '<' | '<=' | '>' | '>=', other: string | number | boolean): boolean {
  if (typeof other === 'boolean') throw new ValidationException('Booleans are in no order')
  const order = orderOf(value, other)
  if (order === undefined) return false
  if (op === '<') return order < 0
  if (op === '<=') return order <= 0
  return op === '>' ? order > 0 : order >= 0
}

function orderOf(value: Value | undefined, other: string | number): number | undefined {
  if (typeof value === 'number' && typeof other === 'number') return value - other
  if (typeof value === 'string' && typeof other === 'string') return compareBytes(value, other)
  return undefined
}

/** The image that an accepted write leaves; undefined: the item is gone. @throws ValidationException as the engine does. */
export function imageAfter(write: Exclude<Write, { kind: 'check' }>, before: Item | undefined): Item | undefined {
  if (write.kind === 'delete') return undefined
  if (write.kind === 'put') return write.item
  const after: Item = { ...before, ...write.key }
  for (const name of write.remove ?? []) delete after[name]
  Object.assign(after, write.set)
  for (const [name, amount] of Object.entries(write.add ?? {})) {
    const current = before?.[name] ?? 0
    if (typeof current !== 'number') throw new ValidationException(`ADD needs a number in "${name}"`)
    after[name] = current + amount
  }
  return after
}
