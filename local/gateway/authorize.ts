import type { AuthorizerModel, RouteModel } from '../template/model.ts'
import type { Answer } from './answer.ts'
import type { GatewayRequest } from './event.ts'
import { createJwtAuthorizer } from './jwtAuthorizer.ts'
import { createLambdaAuthorizer, type LambdaAuthorizerOptions } from './lambdaAuthorizer.ts'

/** What the integration sees as `requestContext.authorizer`, or the answer that keeps the request out. */
export type Verdict = { context: Record<string, unknown> } | { refused: Answer }

export type Authorize<M> = (
  model: M,
  request: GatewayRequest,
  route: RouteModel,
  pathParameters: Record<string, string>,
) => Promise<Verdict>

/** Asks whichever authorizer a route has. */
export function createAuthorize(options: LambdaAuthorizerOptions): Authorize<AuthorizerModel> {
  const jwt = createJwtAuthorizer()
  const lambda = createLambdaAuthorizer(options)
  return (model, ...rest) => (model.kind === 'jwt' ? jwt(model, ...rest) : lambda(model, ...rest))
}
