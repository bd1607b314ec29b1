/** What the local stack runs: the deployable templates with every reference resolved. */
export interface LocalModel {
  functions: Record<string, FunctionModel>
  apis: ApiModel[]
  tables: TableModel[]
  queues: QueueModel[]
  queueSources: QueueSource[]
  streamSources: StreamSource[]
  asyncRules: AsyncRule[]
  schedules: ScheduleModel[]
  secrets: SecretModel[]
}

export interface FunctionModel {
  name: string
  arn: string
  /** `file.export`, as in the template. */
  handler: string
  /** Absolute directory of the bundle. */
  directory: string
  environment: Record<string, string>
  timeoutSeconds: number
  memoryMegabytes: number
  reservedConcurrency?: number
}

export interface ApiModel {
  id: string
  cors?: CorsModel
  throttle?: ThrottleModel
  /** Throttles of single routes by route key; they replace the default one. */
  routeThrottles: Record<string, ThrottleModel>
  routes: RouteModel[]
}

export interface CorsModel {
  allowOrigins: string[]
  allowMethods: string[]
  allowHeaders: string[]
  exposeHeaders: string[]
  allowCredentials: boolean
  maxAgeSeconds?: number
}

export interface ThrottleModel {
  /** Requests a second. */
  rate: number
  burst: number
}

export interface RouteModel {
  /** `GET /v1/plans/{id}` or `$default`. */
  key: string
  functionName: string
  timeoutMs: number
  authorizer?: AuthorizerModel
}

export interface JwtAuthorizerModel {
  kind: 'jwt'
  id: string
  issuer: string
  audiences: string[]
  identitySource: string
  /** Any one of these must be in the token's `scope` or `scp`. */
  scopes: string[]
}

export interface LambdaAuthorizerModel {
  kind: 'lambda'
  id: string
  functionName: string
  identitySources: string[]
  simple: boolean
  ttlSeconds: number
}

export type AuthorizerModel = JwtAuthorizerModel | LambdaAuthorizerModel

export interface TableModel {
  name: string
  attributes: { name: string; type: 'S' | 'N' | 'B' }[]
  keys: KeyModel[]
  indexes: { name: string; keys: KeyModel[]; projection: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; include: string[] }[]
  stream?: 'NEW_AND_OLD_IMAGES' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'KEYS_ONLY'
  ttlAttribute?: string
}

export interface KeyModel {
  name: string
  type: 'HASH' | 'RANGE'
}

export interface QueueModel {
  name: string
  arn: string
  /** Attributes as `CreateQueue` takes them, without the redrive policy. */
  attributes: Record<string, string>
  redrive?: { deadLetterName: string; maxReceives: number }
}

export interface QueueSource {
  id: string
  functionName: string
  queueName: string
  batchSize: number
  reportsItemFailures: boolean
  maximumConcurrency?: number
}

export interface StreamSource {
  id: string
  functionName: string
  tableName: string
  batchSize: number
  bisect: boolean
  /** Tries after the first; undefined: for ever, as on AWS. */
  retriesMax?: number
  reportsItemFailures: boolean
  /** Event patterns; a record is delivered when one matches, or when there are none. */
  patterns: unknown[]
  failureQueueName?: string
}

/** What happens when an asynchronous call of a function (a schedule's) fails. */
export interface AsyncRule {
  functionName: string
  /** Tries after the first. */
  retriesMax: number
  failureQueueName?: string
}

export interface ScheduleModel {
  name: string
  expression: string
  timeZone: string
  target: { functionName: string } | { queueName: string }
  /** Text of the event; may hold `<aws.scheduler.…>` words. */
  input: string
}

export interface SecretModel {
  name: string
  arn: string
  /** What CloudFormation makes up: `length` characters, alone or as the member `key` of the object `template`. */
  generated?: { length: number; key?: string; template: Record<string, unknown> }
}
