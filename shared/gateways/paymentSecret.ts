import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import type { GatewayTools } from './gateway.ts'
import { type Gateways, gatewaySecrets, openGateways } from './gateways.ts'
import { type Seal, sealWith } from './seal.ts'

/** What is replaced in the secret (docs/deploy.md) holds everywhere after this long, so the old must hold until then too. */
const refreshMs = 5 * 60_000
/** After a read that failed. Not at once: whoever calls meanwhile would wait for each new failure. */
const retryMs = 30_000

/** `sealWith` takes no shorter secret. */
const sealKey = z.string().check(z.minLength(32), z.maxLength(200))

/** The whole payment secret, a JSON object. Strict: a misspelt provider would silently be turned off. */
const paymentSecretSchema = z.extend(gatewaySecrets, {
  sealKey,
  /** Opens what was sealed before the key was replaced. */
  previousSealKey: z.optional(sealKey),
})

/** What the payment secret gives: the providers that are turned on, and what seals tokens. */
export interface OpenedSecret {
  /** In the order of `paymentProviders`. */
  turnedOn: readonly PaymentProvider[]
  /** @throws GatewayError `misconfigured` for a provider that is not turned on. */
  gateway: Gateways
  seal: Seal
}

export interface PaymentSecretOptions extends GatewayTools {
  /** `PAYMENT_SECRET_ID` names the secret; `SECRETS_ENDPOINT` leads to another Secrets Manager than AWS's. */
  env: Record<string, string | undefined>
  /** Real time, epoch milliseconds: a turned clock must not keep an old key alive. */
  now: () => number
  /** Hears of a read that failed while what is in memory goes on serving. */
  onFailure?: (error: unknown) => void
}

/**
 * The deployment's payment secret, kept in memory for five minutes; concurrent calls share one read. A read that fails
 * later leaves what is in memory serving. The gateways stay the same while the secret does, with what they have loaded.
 * @throws Error that names what is wrong with the secret and no value of it, as long as nothing was ever read.
 */
export function paymentSecret({ env, now, onFailure = () => {}, ...tools }: PaymentSecretOptions) {
  let held: { text: string; opened: OpenedSecret } | undefined
  let lookAgainAt = 0
  let looking: Promise<OpenedSecret> | undefined

  const latest = async () => {
    const text = await textOf(env)
    return held?.text === text ? held : { text, opened: openSecret(text, tools) }
  }
  const look = async (): Promise<OpenedSecret> => {
    try {
      held = await latest()
      lookAgainAt = now() + refreshMs
    } catch (error) {
      if (!held) throw error
      onFailure(error)
      lookAgainAt = now() + retryMs
    }
    return held.opened
  }

  return (): Promise<OpenedSecret> => {
    if (held && now() < lookAgainAt) return Promise.resolve(held.opened)
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}

/** @throws Error with the kind of the SDK's error alone: its own text and members may hold parts of an answer. */
async function textOf(env: PaymentSecretOptions['env']): Promise<string> {
  const id = env.PAYMENT_SECRET_ID
  if (!id) throw new Error('PAYMENT_SECRET_ID is not set: this function may not read the payment secret')
  const { readSecret } = await import('./secretsManager.ts')
  const text = await readSecret(id, env.SECRETS_ENDPOINT).catch((error: unknown) => {
    throw new Error(`the payment secret "${id}" could not be read: ${error instanceof Error ? error.name : 'unknown'}`)
  })
  if (text === undefined) throw new Error('the payment secret is not valid: it holds bytes, not text')
  return text
}

function openSecret(text: string, tools: GatewayTools): OpenedSecret {
  const parsed = paymentSecretSchema.safeParse(jsonOf(text))
  if (!parsed.success)
    throw new Error(`the payment secret is not valid: ${parsed.error.issues.map(faultOf).join('; ')}`)
  const { sealKey: current, previousSealKey, ...gateways } = parsed.data
  return {
    turnedOn: paymentProviders.filter((provider) => gateways[provider] !== undefined),
    gateway: openGateways(gateways, tools),
    seal: sealWith(previousSealKey === undefined ? [current] : [current, previousSealKey]),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new Error('the payment secret is not valid: it is not JSON')
  }
}

/** Where and what kind, never what stands there. A member's name is shown when it can hardly be a value in the wrong place. */
function faultOf(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join('.') || 'the secret'
  if (issue.code !== 'unrecognized_keys') return `${at} (${issue.code})`
  const names = issue.keys.map((name) => (/^[A-Za-z]{1,20}$/.test(name) ? name : 'a member'))
  return `${at} (${names.join(', ')} is not known)`
}
