import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import * as z from 'zod/mini'

/** What the synthesised templates say, as text that a reviewer can read in a diff (`test/golden`). */

const resource = z.looseObject({ Type: z.string(), Properties: z._default(z.record(z.string(), z.unknown()), {}) })
const template = z.object({ Resources: z.record(z.string(), resource) })

export type Resource = z.infer<typeof resource>

/** Resources by logical id. */
export type Resources = Record<string, Resource>

export interface StackResources {
  stack: string
  resources: Resources
}

export const stacksOf = (assembly: CloudAssembly): StackResources[] =>
  assembly.stacks.map(({ stackName, template: content }) => ({
    stack: stackName,
    resources: template.parse(content).Resources,
  }))

/** All of one type, whichever stack they are in. */
export const resourcesOf = (assembly: CloudAssembly, type: string): Resource[] =>
  stacksOf(assembly).flatMap(({ resources }) => Object.values(resources).filter(({ Type }) => Type === type))

const list = <Item extends z.ZodMiniType>(item: Item) =>
  z.pipe(
    z.transform((value: unknown) => (Array.isArray(value) ? value : [value])),
    z.array(item),
  )
const statement = z.object({
  Effect: z.literal('Allow'),
  Action: list(z.string()),
  Resource: list(z.unknown()),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), z.unknown()))),
})
const roleProperties = z.object({
  Policies: z._default(z.array(z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) })), []),
})
const functionProperties = z.object({ FunctionName: z.string(), Role: z.object({ 'Fn::GetAtt': z.array(z.string()) }) })
const scheduleProperties = z.object({
  Name: z.string(),
  Target: z.object({ RoleArn: z.object({ 'Fn::GetAtt': z.array(z.string()) }) }),
})

/**
 * What each role allows: sorted lines `<function id> <action> <resource>`, with ` when <condition>` where there is one.
 * A schedule's role stands as `<function id>:schedule`. Resources lose the parts that depend on the account.
 * @throws when a role belongs to nobody that is known here: nothing may go unseen.
 */
export function permissionsOf(assembly: CloudAssembly): string[] {
  return stacksOf(assembly)
    .flatMap(({ stack, resources }) => {
      const owners = ownersOf(resources, prefixOf(assembly))
      return Object.entries(resources)
        .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
        .flatMap(([id, role]) => {
          const owner = owners.get(id) ?? ownersOutsideFunctions(id, stack)
          return linesOf(owner, roleProperties.parse(role.Properties), resources)
        })
    })
    .sort()
}

/** The routes: sorted lines `<METHOD> <path> <function id> <who decides>`. */
export function routesOf(assembly: CloudAssembly): string[] {
  const prefix = prefixOf(assembly)
  return stacksOf(assembly)
    .flatMap(({ resources }) =>
      Object.values(resources)
        .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
        .map(({ Properties }) => routeProperties.parse(Properties))
        .map(({ RouteKey, AuthorizationType, Target }) => {
          const integration = resources[Target['Fn::Join'][1][1].Ref]?.Properties.IntegrationUri
          const {
            'Fn::GetAtt': [functionId = ''],
          } = getAtt.parse(integration)
          const { FunctionName } = functionProperties.parse(resources[functionId]?.Properties)
          return `${RouteKey} ${FunctionName.slice(prefix.length + 1)} ${AuthorizationType}`
        }),
    )
    .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))
}

const pathOf = (line: string): string => line.replace(/^(\S+) (\S+)/, '$2 $1')
const getAtt = z.object({ 'Fn::GetAtt': z.array(z.string()) })
const routeProperties = z.object({
  RouteKey: z.string(),
  AuthorizationType: z.string(),
  Target: z.object({ 'Fn::Join': z.tuple([z.string(), z.tuple([z.string(), z.object({ Ref: z.string() })])]) }),
})

/** `<name>-<mode>`, which all names begin with. */
function prefixOf(assembly: CloudAssembly): string {
  const data = assembly.stacks.find(({ stackName }) => stackName.endsWith('-data'))
  if (data === undefined) throw new Error('The assembly has no data stack')
  return data.stackName.slice(0, -'-data'.length)
}

function ownersOf(resources: Resources, prefix: string): Map<string, string> {
  const owners = new Map<string, string>()
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type === 'AWS::Lambda::Function') {
      const { FunctionName, Role } = functionProperties.parse(Properties)
      owners.set(Role['Fn::GetAtt'][0] ?? '', FunctionName.slice(prefix.length + 1))
    }
    if (Type === 'AWS::Scheduler::Schedule') {
      const { Name, Target } = scheduleProperties.parse(Properties)
      owners.set(Target.RoleArn['Fn::GetAtt'][0] ?? '', `${Name.slice(prefix.length + 1)}:schedule`)
    }
  }
  return owners
}

function ownersOutsideFunctions(logicalId: string, stack: string): string {
  if (logicalId.startsWith('Backups')) return 'backup'
  throw new Error(`The role ${logicalId} in ${stack} belongs to no function and no schedule`)
}

function linesOf(owner: string, { Policies }: z.infer<typeof roleProperties>, resources: Resources): string[] {
  return Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement).flatMap((one) =>
    one.Action.flatMap((action) =>
      one.Resource.map((on) => `${owner} ${action} ${shown(on, resources)}${conditionOf(one.Condition)}`),
    ),
  )
}

const conditionOf = (condition: z.infer<typeof statement>['Condition']): string =>
  condition === undefined ? '' : ` when ${JSON.stringify(condition)}`

/** A resource as text: intrinsics are written out, and what depends on account and region is left away. */
function shown(value: unknown, resources: Resources): string {
  return textOf(value, resources).replace(/^arn:<AWS::Partition>:([a-z0-9-]+):<AWS::Region>:<AWS::AccountId>:/, '$1:')
}

function textOf(value: unknown, resources: Resources): string {
  if (typeof value === 'string') return value
  const join = joinShape.safeParse(value)
  if (join.success)
    return join.data['Fn::Join'][1].map((part) => textOf(part, resources)).join(join.data['Fn::Join'][0])
  const ref = refShape.safeParse(value)
  if (ref.success) return `<${ref.data.Ref.replace(/^SsmParameterValue([A-Za-z]+)C96584B6.*$/, 'parameter $1')}>`
  const attribute = getAtt.safeParse(value)
  if (attribute.success) {
    const [id = '', name = ''] = attribute.data['Fn::GetAtt']
    const named = functionProperties.safeParse(resources[id]?.Properties)
    return named.success ? `lambda:function:${named.data.FunctionName}` : `<${id}.${name}>`
  }
  throw new Error(`A policy's resource is written in a way that is not understood: ${JSON.stringify(value)}`)
}

const joinShape = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) })
const refShape = z.object({ Ref: z.string() })
