import * as z from 'zod/mini'
import { TemplateError } from './intrinsics.ts'
import { arnOf, nameInArn } from './names.ts'
import { parseProperties, truth, wholeNumber } from './parse.ts'
import type { Reader } from './read.ts'

const functionSchema = z.object({
  Handler: z.string(),
  Code: z.object({ S3Key: z.string() }),
  Environment: z.optional(z.object({ Variables: z._default(z.record(z.string(), z.coerce.string()), {}) })),
  // The defaults are Lambda's own.
  Timeout: z._default(wholeNumber, 3),
  MemorySize: z._default(wholeNumber, 128),
  ReservedConcurrentExecutions: z.optional(wholeNumber),
})

export const functionReader: Reader = (found, model) => {
  const read = parseProperties(functionSchema, found.properties, found.place)
  const hash =
    read.Code.S3Key.replace(/\.zip$/, '')
      .split('/')
      .at(-1) ?? ''
  const directory = found.assets[hash]
  if (!directory) throw new TemplateError(found.place, `its code ${read.Code.S3Key} is not among the assets`)
  model.functions[found.name] = {
    name: found.name,
    arn: arnOf(found.type, found.name),
    handler: read.Handler,
    directory,
    environment: read.Environment?.Variables ?? {},
    timeoutSeconds: read.Timeout,
    memoryMegabytes: read.MemorySize,
    ...(read.ReservedConcurrentExecutions === undefined
      ? {}
      : { reservedConcurrency: read.ReservedConcurrentExecutions }),
  }
}

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }))
const tableSchema = z.object({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z._default(
    z.array(
      z.object({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.object({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z._default(z.array(z.string()), []),
        }),
      }),
    ),
    [],
  ),
  LocalSecondaryIndexes: z.optional(z.never()),
  StreamSpecification: z.optional(
    z.object({ StreamViewType: z.enum(['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY']) }),
  ),
  TimeToLiveSpecification: z.optional(z.object({ AttributeName: z.optional(z.string()), Enabled: truth })),
})

export const tableReader: Reader = (found, model) => {
  const read = parseProperties(tableSchema, found.properties, found.place)
  const keys = (schema: z.infer<typeof keySchema>) =>
    schema.map((key) => ({ name: key.AttributeName, type: key.KeyType }))
  const ttl = read.TimeToLiveSpecification
  model.tables.push({
    name: found.name,
    attributes: read.AttributeDefinitions.map((attribute) => ({
      name: attribute.AttributeName,
      type: attribute.AttributeType,
    })),
    keys: keys(read.KeySchema),
    indexes: read.GlobalSecondaryIndexes.map((index) => ({
      name: index.IndexName,
      keys: keys(index.KeySchema),
      projection: index.Projection.ProjectionType,
      include: index.Projection.NonKeyAttributes,
    })),
    ...(read.StreamSpecification ? { stream: read.StreamSpecification.StreamViewType } : {}),
    ...(ttl?.Enabled && ttl.AttributeName ? { ttlAttribute: ttl.AttributeName } : {}),
  })
}

const queueSchema = z.object({
  VisibilityTimeout: z.optional(wholeNumber),
  MessageRetentionPeriod: z.optional(wholeNumber),
  DelaySeconds: z.optional(wholeNumber),
  MaximumMessageSize: z.optional(wholeNumber),
  ReceiveMessageWaitTimeSeconds: z.optional(wholeNumber),
  FifoQueue: z.optional(truth),
  ContentBasedDeduplication: z.optional(truth),
  RedrivePolicy: z.optional(z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: wholeNumber })),
})

export const queueReader: Reader = (found, model) => {
  const { RedrivePolicy: redrive, ...read } = parseProperties(queueSchema, found.properties, found.place)
  const attributes = Object.entries(read).filter(([, value]) => value !== undefined)
  model.queues.push({
    name: found.name,
    arn: arnOf(found.type, found.name),
    attributes: Object.fromEntries(attributes.map(([name, value]) => [name, String(value)])),
    ...(redrive
      ? { redrive: { deadLetterName: nameInArn(redrive.deadLetterTargetArn), maxReceives: redrive.maxReceiveCount } }
      : {}),
  })
}

const secretSchema = z.object({
  GenerateSecretString: z.optional(
    z.object({
      // The default is Secrets Manager's own.
      PasswordLength: z._default(wholeNumber, 32),
      GenerateStringKey: z.optional(z.string()),
      SecretStringTemplate: z._default(z.string(), '{}'),
    }),
  ),
  // A text in a template is no secret.
  SecretString: z.optional(z.never()),
})

export const secretReader: Reader = (found, model) => {
  const { GenerateSecretString: read } = parseProperties(secretSchema, found.properties, found.place)
  model.secrets.push({
    name: found.name,
    arn: arnOf(found.type, found.name),
    ...(read
      ? {
          generated: {
            length: read.PasswordLength,
            template: templateOf(read.SecretStringTemplate, found.place),
            ...(read.GenerateStringKey === undefined ? {} : { key: read.GenerateStringKey }),
          },
        }
      : {}),
  })
}

function templateOf(text: string, place: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw new TemplateError(place, 'its SecretStringTemplate is not a JSON object')
  }
}
