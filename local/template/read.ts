import * as z from 'zod/mini'
import { type Resource, readAssembly, type Stack } from './assembly.ts'
import { createResolver, type Surroundings, TemplateError } from './intrinsics.ts'
import type { LocalModel } from './model.ts'
import { nameOf } from './names.ts'
import { apiReaders, joinApis } from './readApi.ts'
import { functionReader, queueReader, secretReader, tableReader } from './readData.ts'
import { asyncReader, scheduleReader, sourceReader } from './readSources.ts'

/** A resource on its way into the model: its properties are resolved. */
export interface Found {
  /** `Stack/LogicalId`, for messages. */
  place: string
  /** The value of `Ref` where that is a name. */
  name: string
  type: string
  properties: Record<string, unknown>
  assets: Record<string, string>
}

export type Reader = (found: Found, model: LocalModel) => void

const readers: Record<string, Reader> = {
  'AWS::Lambda::Function': functionReader,
  'AWS::DynamoDB::Table': tableReader,
  'AWS::DynamoDB::GlobalTable': tableReader,
  'AWS::SQS::Queue': queueReader,
  'AWS::SecretsManager::Secret': secretReader,
  'AWS::Lambda::EventSourceMapping': sourceReader,
  'AWS::Lambda::EventInvokeConfig': asyncReader,
  'AWS::Scheduler::Schedule': scheduleReader,
}

/** Types that change nothing about what a request or an event does on a laptop: permission, observation, retention. */
const withoutLocalMeaning = new Set([
  'AWS::ApiGatewayV2::ApiMapping',
  'AWS::ApiGatewayV2::DomainName',
  'AWS::Backup::BackupPlan',
  'AWS::Backup::BackupSelection',
  'AWS::Backup::BackupVault',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::Cognito::UserPool',
  'AWS::Cognito::UserPoolClient',
  'AWS::Cognito::UserPoolDomain',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::Logs::ResourcePolicy',
  'AWS::Logs::SubscriptionFilter',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::SSM::Parameter',
  'AWS::Scheduler::ScheduleGroup',
])

/**
 * Reads the cloud assembly in `directory` into what the local stack runs. Everything in the templates is either understood,
 * on the list of types without local meaning, or refused with a `TemplateError` that names stack and logical id.
 */
export async function readModel(directory: string, surroundings: Surroundings): Promise<LocalModel> {
  return modelOf(await readAssembly(directory), surroundings)
}

/** The same from stacks that were read before. */
export function modelOf(stacks: Stack[], surroundings: Surroundings): LocalModel {
  const resolve = createResolver(stacks, surroundings)
  const model: LocalModel = {
    functions: {},
    apis: [],
    tables: [],
    queues: [],
    queueSources: [],
    streamSources: [],
    asyncRules: [],
    schedules: [],
    secrets: [],
  }
  const apis: Found[] = []
  for (const stack of stacks) {
    for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
      if (withoutLocalMeaning.has(resource.Type)) continue
      const found = find(stack, logicalId, resource, resolve)
      if (apiReaders.has(resource.Type)) apis.push(found)
      else if (readers[resource.Type]) readers[resource.Type]?.(found, model)
      else
        throw new TemplateError(
          found.place,
          `the local stack does not know ${resource.Type}; teach it in local/template`,
        )
    }
  }
  model.apis = joinApis(apis)
  return model
}

function find(stack: Stack, logicalId: string, resource: Resource, resolve: ReturnType<typeof createResolver>): Found {
  const place = `${stack.name}/${logicalId}`
  const properties = resolve(stack, resource.Properties, place)
  return {
    place,
    name: nameOf(stack.name, logicalId, resource, (value) => resolve(stack, value, place)),
    type: resource.Type,
    properties: z.record(z.string(), z.unknown()).parse(properties),
    assets: stack.assets,
  }
}
