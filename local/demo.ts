import * as z from 'zod/mini'
import type { Catalogue } from '#domain/catalogue'
import { scopes } from '#operations/definition'
import { roleWrite } from '#table/users'
import type { RunningStack } from './stack.ts'
import { realNow } from './time.ts'

const adminSubject = 'demo-admin'
/** One account on each of the first plans; more would only make the start slower. */
const demoAccountsMax = 3
const demoCredits = 1000

export interface Demo {
  apiKey: string
  adminToken: string
  customers: { accountId: string; token: string }[]
  /** A check with consume that succeeds. */
  tryout?: { accountId: string; feature: string }
}

/** Makes a login staff. */
export async function makeStaff(stack: RunningStack, subject: string): Promise<void> {
  await stack.table.write([roleWrite(subject, 'ADMIN', realNow())])
}

/** Fills a new stack through its own API: a staff login, an API key with every scope, and, if wanted, demo accounts. */
export async function fillStack(stack: RunningStack, catalogue: Catalogue, withAccounts: boolean): Promise<Demo> {
  await makeStaff(stack, adminSubject)
  const adminToken = await stack.token({ sub: adminSubject, email: 'admin@example.com' })
  const made = await call(stack, 'POST /v1/admin/api-keys', adminToken, { name: 'local', scopes: [...scopes] })
  const { key: apiKey } = z.object({ key: z.string() }).parse(made)
  const plans = withAccounts ? [...catalogue.plans].sort((a, b) => a.rank - b.rank).slice(0, demoAccountsMax) : []
  const customers = await Promise.all(plans.map((plan) => makeAccount(stack, { apiKey, adminToken }, catalogue, plan)))
  const tryout = firstTryout(catalogue, plans)
  return { apiKey, adminToken, customers, ...(tryout ? { tryout } : {}) }
}

type Plan = Catalogue['plans'][number]

const accountIdOf = (plan: Plan): string => `demo-${plan.id}`

async function makeAccount(
  stack: RunningStack,
  logins: { apiKey: string; adminToken: string },
  catalogue: Catalogue,
  plan: Plan,
) {
  const accountId = accountIdOf(plan)
  const email = `${accountId}@example.com`
  await call(stack, `PUT /v1/accounts/${accountId}`, logins.apiKey, { email, name: `Demo ${plan.name}` })
  const [price] = plan.prices
  const lowest = Math.min(...catalogue.plans.map(({ rank }) => rank))
  // The lowest plan is what an account has without doing anything.
  if (price && plan.rank > lowest) {
    await call(
      stack,
      `POST /v1/admin/accounts/${accountId}/plan`,
      logins.adminToken,
      { priceId: price.id, reason: 'demo data' },
      `demo-plan-${accountId}`,
    )
  }
  if (usesCredits(catalogue)) {
    await call(
      stack,
      `POST /v1/accounts/${accountId}/credits/grants`,
      logins.apiKey,
      { amount: demoCredits, reason: 'demo data' },
      `demo-credits-${accountId}`,
    )
  }
  return { accountId, token: await stack.token({ sub: accountId, email }) }
}

const usesCredits = (catalogue: Catalogue): boolean =>
  catalogue.plans.some((plan) => plan.credits) ||
  catalogue.products.some((product) => product.kind === 'credit-pack') ||
  Object.values(catalogue.features).some((feature) => feature.kind === 'metered' && feature.creditCost)

/** The highest demo plan's first metered feature with room. */
function firstTryout(catalogue: Catalogue, plans: Plan[]): { accountId: string; feature: string } | undefined {
  for (const plan of plans.toReversed()) {
    for (const [feature, entitlement] of Object.entries(plan.entitlements)) {
      const isMetered = catalogue.features[feature]?.kind === 'metered' && typeof entitlement === 'object'
      if (isMetered && (entitlement.limit === 'unlimited' || entitlement.limit > 0))
        return { accountId: accountIdOf(plan), feature }
    }
  }
  return undefined
}

/** One call to the stack's own API; what is not a success is an error that shows the answer. */
export async function call(
  stack: { apiUrl: string },
  route: string,
  credential: string,
  body?: unknown,
  idempotencyKey?: string,
): Promise<unknown> {
  const [method = 'GET', path = '/'] = route.split(' ')
  const answer = await fetch(stack.apiUrl + path, {
    method,
    headers: {
      authorization: `Bearer ${credential}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${route} answered ${answer.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
