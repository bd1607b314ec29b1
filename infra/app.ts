import { App, Tags, Validations } from 'aws-cdk-lib/core'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { AwsSolutionsChecks } from 'cdk-nag'
import { type Area, type AuthorizerOperation, callerOf, type Operation } from '#operations/definition'
import { operations as allOperations } from '#operations/index'
import { ApiStack, type Authorizers } from './apiStack.ts'
import { bundleDirectory } from './bundle.ts'
import { type DeploymentConfig, parseConfig } from './config.ts'
import { DataStack } from './dataStack.ts'
import { Names } from './names.ts'
import { ServiceStack } from './serviceStack.ts'

export interface BuildOptions extends Partial<DeploymentConfig> {
  /** Where the cloud assembly goes; default: what the CDK CLI asks for, else `cdk.out`. */
  outdir?: string
  /** Default: every operation there is. */
  operations?: readonly Operation[]
  /** Default: `build/functions/<id>`, which `bundleFunctions` fills. */
  codeDirectoryOf?: (id: string) => string
  /** cdk-nag (AwsSolutions) and CDK's check of the templates against CloudFormation's own rules; default true. Off where only the templates are wanted, fast. */
  checked?: boolean
}

export interface BuiltApp {
  app: App
  assembly: CloudAssembly
}

/**
 * Builds and synthesises the whole deployment in this process: no CLI, account, network or container.
 * @throws Error when the context is not valid, or when cdk-nag finds what is not acknowledged.
 */
export function buildApp(options: BuildOptions = {}): BuiltApp {
  const {
    outdir,
    operations = allOperations,
    codeDirectoryOf = (id: string) => bundleDirectory(id),
    checked = true,
    ...given
  } = options
  const app = new App({
    ...(outdir !== undefined && { outdir }),
    analyticsReporting: false,
    builtinCloudFormationValidation: checked,
    postCliContext: { '@aws-cdk/core:validateAgainstDefaultRules': checked },
  })
  const config = parseConfig({ ...contextOf(app), ...given })
  const names = new Names(config)
  const authorizers = authorizersOf(operations)

  const data = new DataStack(app, { config, names, operations })
  const api = new ApiStack(app, { config, names, authorizers, codeDirectoryOf })
  api.addStackDependency(data)
  for (const area of areasOf(operations)) {
    const ofArea = operations.filter((operation) => operation.area === area && operation.kind !== 'authorizer')
    const service = new ServiceStack(app, { config, names, area, operations: ofArea, codeDirectoryOf })
    service.addStackDependency(api)
    Tags.of(service).add('area', area)
  }
  Tags.of(app).add('project', config.name)
  Tags.of(app).add('mode', config.mode)
  if (checked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  return { app, assembly: app.synth() }
}

/** @throws Error where a route would have no door. A product without visitors' routes needs none for them. */
function authorizersOf(operations: readonly Operation[]): Authorizers {
  const authorizerOf = (of: AuthorizerOperation['of']) =>
    operations.find(
      (operation): operation is AuthorizerOperation => operation.kind === 'authorizer' && operation.of === of,
    )
  const [server, visitor] = [authorizerOf('server'), authorizerOf('visitor')]
  if (server === undefined) throw new Error('No operation decides on API keys: the API would have no door for servers')
  const orphan = operations.find(
    (operation) => operation.kind === 'http' && operation.routes.some((route) => callerOf(route) === 'visitor'),
  )
  if (visitor === undefined && orphan !== undefined)
    throw new Error(`No operation decides on session tokens: ${orphan.id} would have no door for visitors`)
  return { server, ...(visitor && { visitor }) }
}

const areasOf = (operations: readonly Operation[]): Area[] => [...new Set(operations.map(({ area }) => area))].sort()

/** What `cdk -c key=value` and cdk.json pass in. */
const contextOf = (app: App): Record<string, unknown> =>
  Object.fromEntries(
    ['name', 'mode', 'issuer', 'audience', 'origins', 'alarmEmail']
      .map((key) => [key, app.node.tryGetContext(key)] as const)
      .filter(([, value]) => value !== undefined),
  )
