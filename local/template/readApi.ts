import * as z from 'zod/mini'
import { TemplateError } from './intrinsics.ts'
import type { ApiModel, AuthorizerModel, ThrottleModel } from './model.ts'
import { nameInArn } from './names.ts'
import { parseProperties, truth, wholeNumber } from './parse.ts'
import type { Found } from './read.ts'

/** The types that together make an HTTP API; they refer to each other across stacks, so they are joined at the end. */
export const apiReaders = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Stage',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Authorizer',
])

const apiSchema = z.object({
  ProtocolType: z.literal('HTTP'),
  CorsConfiguration: z.optional(
    z.object({
      AllowOrigins: z._default(z.array(z.string()), []),
      AllowMethods: z._default(z.array(z.string()), []),
      AllowHeaders: z._default(z.array(z.string()), []),
      ExposeHeaders: z._default(z.array(z.string()), []),
      AllowCredentials: z._default(truth, false),
      MaxAge: z.optional(wholeNumber),
    }),
  ),
})
const throttleSchema = z.object({
  ThrottlingRateLimit: z.optional(z.coerce.number()),
  ThrottlingBurstLimit: z.optional(wholeNumber),
})
const stageSchema = z.object({
  ApiId: z.string(),
  DefaultRouteSettings: z.optional(throttleSchema),
  RouteSettings: z._default(z.record(z.string(), throttleSchema), {}),
})
const routeSchema = z.object({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z._default(z.enum(['NONE', 'JWT', 'CUSTOM']), 'NONE'),
  AuthorizerId: z.optional(z.string()),
  AuthorizationScopes: z._default(z.array(z.string()), []),
})
const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  // API Gateway's own limit, and its default.
  TimeoutInMillis: z._default(wholeNumber, 30_000),
})
const authorizerSchema = z.discriminatedUnion('AuthorizerType', [
  z.object({
    AuthorizerType: z.literal('JWT'),
    IdentitySource: z.array(z.string()).check(z.length(1)),
    JwtConfiguration: z.object({ Issuer: z.string(), Audience: z.array(z.string()) }),
  }),
  z.object({
    AuthorizerType: z.literal('REQUEST'),
    IdentitySource: z._default(z.array(z.string()), []),
    AuthorizerUri: z.string(),
    AuthorizerPayloadFormatVersion: z.literal('2.0'),
    EnableSimpleResponses: z._default(truth, false),
    AuthorizerResultTtlInSeconds: z._default(wholeNumber, 300),
  }),
])

type WithoutScopes<T> = T extends { scopes: string[] } ? Omit<T, 'scopes'> : T

/** Joins APIs, stages, routes, integrations and authorizers, wherever they are declared. */
export function joinApis(found: Found[]): ApiModel[] {
  const of = (type: string) => found.filter((each) => each.type === `AWS::ApiGatewayV2::${type}`)
  const integrations = new Map(of('Integration').map((each) => [each.name, integration(each)]))
  const authorizers = new Map(of('Authorizer').map((each) => [each.name, authorizer(each)]))
  const apis = new Map(of('Api').map((each) => [each.name, api(each)]))
  const home = (id: string, place: string): ApiModel => {
    const owner = apis.get(id)
    if (!owner) throw new TemplateError(place, `belongs to the API ${id}, which no stack declares`)
    return owner
  }

  for (const each of of('Stage')) {
    const read = parseProperties(stageSchema, each.properties, each.place)
    const owner = home(read.ApiId, each.place)
    const usual = throttle(read.DefaultRouteSettings)
    if (usual) owner.throttle = usual
    for (const [key, settings] of Object.entries(read.RouteSettings)) {
      const own = throttle(settings)
      if (own) owner.routeThrottles[key] = own
    }
  }

  for (const each of of('Route')) {
    const read = parseProperties(routeSchema, each.properties, each.place)
    const target = integrations.get(read.Target.replace(/^integrations\//, ''))
    if (!target) throw new TemplateError(each.place, `its target ${read.Target} is not declared`)
    const guard = read.AuthorizerId === undefined ? undefined : authorizers.get(read.AuthorizerId)
    // A route that asks for an authorizer and finds none must never be open.
    if (read.AuthorizationType !== 'NONE' && !guard)
      throw new TemplateError(each.place, 'its authorizer is not declared')
    const owner = home(read.ApiId, each.place)
    const full: AuthorizerModel | undefined =
      guard?.kind === 'jwt' ? { ...guard, scopes: read.AuthorizationScopes } : guard
    owner.routes.push({
      key: read.RouteKey,
      ...target,
      ...(full && read.AuthorizationType !== 'NONE' ? { authorizer: full } : {}),
    })
  }
  return [...apis.values()]
}

function api(found: Found): ApiModel {
  const { CorsConfiguration: cors } = parseProperties(apiSchema, found.properties, found.place)
  return {
    id: found.name,
    routes: [],
    routeThrottles: {},
    ...(cors
      ? {
          cors: {
            allowOrigins: cors.AllowOrigins,
            allowMethods: cors.AllowMethods,
            allowHeaders: cors.AllowHeaders,
            exposeHeaders: cors.ExposeHeaders,
            allowCredentials: cors.AllowCredentials,
            ...(cors.MaxAge === undefined ? {} : { maxAgeSeconds: cors.MaxAge }),
          },
        }
      : {}),
  }
}

function throttle(settings: z.infer<typeof throttleSchema> | undefined): ThrottleModel | undefined {
  if (settings?.ThrottlingRateLimit === undefined || settings.ThrottlingBurstLimit === undefined) return undefined
  return { rate: settings.ThrottlingRateLimit, burst: settings.ThrottlingBurstLimit }
}

function integration(found: Found): { functionName: string; timeoutMs: number } {
  const read = parseProperties(integrationSchema, found.properties, found.place)
  return { functionName: functionIn(read.IntegrationUri), timeoutMs: read.TimeoutInMillis }
}

function authorizer(found: Found): WithoutScopes<AuthorizerModel> {
  const read = parseProperties(authorizerSchema, found.properties, found.place)
  if (read.AuthorizerType === 'JWT') {
    const [identitySource = ''] = read.IdentitySource
    return {
      kind: 'jwt',
      id: found.name,
      issuer: read.JwtConfiguration.Issuer,
      audiences: read.JwtConfiguration.Audience,
      identitySource,
    }
  }
  return {
    kind: 'lambda',
    id: found.name,
    functionName: functionIn(read.AuthorizerUri),
    identitySources: read.IdentitySource,
    simple: read.EnableSimpleResponses,
    ttlSeconds: read.AuthorizerResultTtlInSeconds,
  }
}

/** A function's ARN stands alone, or inside `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<arn>/invocations`. */
function functionIn(uri: string): string {
  return nameInArn(/\/functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? uri)
}
