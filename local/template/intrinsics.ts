import type { Stack } from './assembly.ts'
import { accountId, arnOf, nameOf, region } from './names.ts'

/** Addresses that exist only once the engines listen. */
export interface Surroundings {
  /** Base address of the SQS engine. */
  sqsUrl: string
}

/** Thrown with the place in the template that cannot be run locally. */
export class TemplateError extends Error {
  constructor(place: string, problem: string) {
    super(`${place}: ${problem}`)
    this.name = 'TemplateError'
  }
}

/** The deepest chain of references followed; CloudFormation refuses circles, a hand-made template might hold one. */
const referencesMax = 50

type Intrinsic = Record<string, unknown>

/**
 * Replaces every CloudFormation intrinsic in a value by what it stands for locally. Understood: `Ref`, `Fn::GetAtt`,
 * `Fn::Join`, `Fn::Sub`, `Fn::Select`, `Fn::Split`, `Fn::ImportValue`, and SSM parameters that another
 * stack of the assembly writes. Anything else throws `TemplateError` naming `place`.
 */
export function createResolver(stacks: Stack[], surroundings: Surroundings) {
  const exported = (name: string, place: string, depth: number): unknown => {
    for (const stack of stacks) {
      for (const output of Object.values(stack.template.Outputs)) {
        if (output.Export && resolveIn(stack, output.Export.Name, place, depth) === name)
          return resolveIn(stack, output.Value, place, depth)
      }
    }
    throw new TemplateError(place, `imports ${name}, which no stack exports`)
  }

  const stored = (name: string, place: string, depth: number): string => {
    for (const stack of stacks) {
      for (const [id, resource] of Object.entries(stack.template.Resources)) {
        if (resource.Type !== 'AWS::SSM::Parameter') continue
        const own = resolveIn(stack, resource.Properties['Name'], `${stack.name}/${id}`, depth)
        if (own === name)
          return text(resolveIn(stack, resource.Properties['Value'], `${stack.name}/${id}`, depth), place)
      }
    }
    throw new TemplateError(place, `reads the SSM parameter ${name}, which no stack writes`)
  }

  const parameter = (stack: Stack, name: string, place: string, depth: number): unknown => {
    const declared = stack.template.Parameters[name]
    const given = stack.parameters[name] ?? declared?.Default
    if (given === undefined) throw new TemplateError(place, `the parameter ${name} has no value`)
    return declared?.Type.startsWith('AWS::SSM::Parameter::Value') ? stored(text(given, place), place, depth) : given
  }

  const reference = (stack: Stack, name: string, place: string, depth: number): unknown => {
    const pseudo = pseudoParameters(stack)[name]
    if (pseudo !== undefined) return pseudo
    if (stack.template.Parameters[name]) return parameter(stack, name, place, depth)
    const resource = stack.template.Resources[name]
    if (!resource)
      throw new TemplateError(place, `refers to ${name}, which is neither a resource nor a parameter of ${stack.name}`)
    const physical = nameOf(stack.name, name, resource, (value) => resolveIn(stack, value, place, depth))
    if (resource.Type === 'AWS::SQS::Queue') return `${surroundings.sqsUrl}/${accountId}/${physical}`
    if (resource.Type === 'AWS::SNS::Topic' || resource.Type === 'AWS::SecretsManager::Secret')
      return arnOf(resource.Type, physical)
    return physical
  }

  const attribute = (stack: Stack, name: string, attr: string, place: string, depth: number): unknown => {
    const resource = stack.template.Resources[name]
    if (!resource) throw new TemplateError(place, `reads ${attr} of ${name}, which ${stack.name} does not declare`)
    const physical = nameOf(stack.name, name, resource, (value) => resolveIn(stack, value, place, depth))
    if (attr === 'Arn' || attr === 'TopicArn') return arnOf(resource.Type, physical)
    if (attr === 'StreamArn') return `${arnOf(resource.Type, physical)}/stream/local`
    if (attr === 'QueueName' || attr === 'ApiId' || attr === 'AuthorizerId' || attr === 'Id') return physical
    if (attr === 'QueueUrl') return `${surroundings.sqsUrl}/${accountId}/${physical}`
    // Attributes such as an API's endpoint or a pool's provider name: a stable text that says what it stands for.
    return `${physical}.${attr}`
  }

  const substitute = (stack: Stack, argument: unknown, place: string, depth: number): string => {
    const [template, variables] = Array.isArray(argument) ? argument : [argument, {}]
    const own = (variables ?? {}) as Intrinsic
    return text(template, place).replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`
      if (Object.hasOwn(own, name)) return text(resolveIn(stack, own[name], place, depth), place)
      const [resource = '', ...attr] = name.split('.')
      const value =
        attr.length === 0
          ? reference(stack, name, place, depth)
          : attribute(stack, resource, attr.join('.'), place, depth)
      return text(value, place)
    })
  }

  const list = (stack: Stack, value: unknown, place: string, depth: number): unknown[] => {
    const resolved = resolveIn(stack, value, place, depth)
    if (!Array.isArray(resolved)) throw new TemplateError(place, 'expects a list')
    return resolved
  }

  const intrinsics: Record<string, (stack: Stack, argument: unknown, place: string, depth: number) => unknown> = {
    Ref: (stack, argument, place, depth) => reference(stack, text(argument, place), place, depth),
    'Fn::GetAtt': (stack, argument, place, depth) => {
      const [name = '', ...attr] = Array.isArray(argument)
        ? argument.map((part) => text(part, place))
        : text(argument, place).split('.')
      return attribute(stack, name, attr.join('.'), place, depth)
    },
    'Fn::Join': (stack, argument, place, depth) => {
      const [separator, parts] = list(stack, argument, place, depth)
      if (!Array.isArray(parts)) throw new TemplateError(place, 'Fn::Join expects a list')
      return parts.map((part) => text(part, place)).join(text(separator, place))
    },
    'Fn::Sub': substitute,
    'Fn::Split': (stack, argument, place, depth) => {
      const [separator, whole] = list(stack, argument, place, depth)
      return text(whole, place).split(text(separator, place))
    },
    'Fn::Select': (stack, argument, place, depth) => {
      const [index, parts] = list(stack, argument, place, depth)
      const chosen = Array.isArray(parts) ? parts[Number(index)] : undefined
      if (chosen === undefined) throw new TemplateError(place, `Fn::Select finds nothing at ${String(index)}`)
      return chosen
    },
    'Fn::ImportValue': (stack, argument, place, depth) =>
      exported(text(resolveIn(stack, argument, place, depth), place), place, depth),
  }

  function resolveIn(stack: Stack, value: unknown, place: string, depth = 0): unknown {
    if (depth > referencesMax) throw new TemplateError(place, 'refers to itself')
    if (Array.isArray(value)) return value.map((part) => resolveIn(stack, part, place, depth + 1))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const [only] = entries
    if (only && entries.length === 1 && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
      const intrinsic = intrinsics[only[0]]
      if (!intrinsic) throw new TemplateError(place, `uses ${only[0]}, which the local stack does not understand`)
      return intrinsic(stack, only[1], place, depth + 1)
    }
    return Object.fromEntries(entries.map(([name, part]) => [name, resolveIn(stack, part, place, depth + 1)]))
  }

  return (stack: Stack, value: unknown, place: string): unknown => resolveIn(stack, value, place)
}

function pseudoParameters(stack: Stack): Record<string, unknown> {
  return {
    'AWS::Region': region,
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack.name,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stack.name}/local`,
  }
}

function text(value: unknown, place: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TemplateError(place, `expects text, found ${JSON.stringify(value)}`)
}
