import type { PublishedCatalogue } from '#domain/catalogue'
import type { PaymentProvider } from '#domain/moneyCharge'
import type { PaymentSettings } from '#domain/paymentSettings'
import type { Gateway } from '#gateways/gateway'
import type { Seal } from '#gateways/seal'
import type { QueueName } from '#operations/definition'
import type { MetricName } from '#operations/metrics'
import type { Table } from '#table/port'

/** Everything with an effect that a handler may use. Live adapters, or the simulator's. */
export interface Deps {
  table: Table
  queues: Queues
  clock: Clock
  ids: Ids
  /** Uniform in [0, 1). */
  rng: () => number
  log: Log
  /** Waits for a back-off; the simulator's virtual time. */
  wait: (milliseconds: number) => Promise<void>
  /** The catalogue in memory, looked for anew at most once a minute. */
  catalogue: () => Promise<PublishedCatalogue>
  /** The payment settings in memory, looked for anew at most once a minute. */
  settings: () => Promise<PaymentSettings>
  /** The providers that are turned on, and what seals tokens: from the payment secret, read anew every five minutes. */
  payments: () => Promise<PaymentTools>
  config: Config
  /** Counts something for an alarm or a chart. */
  metric: (name: MetricName, value: number, dimensions: Record<string, string>) => void
  /** What this invocation has consumed so far, for its log line. */
  spent?: () => { readUnits: number; writeUnits: number; calls: number }
}

export interface PaymentTools {
  turnedOn: readonly PaymentProvider[]
  /** @throws GatewayError `misconfigured` for a provider that is not turned on. */
  gateway: (provider: PaymentProvider) => Gateway
  seal: Seal
}

export interface Config {
  /** `test` has a clock that staff may turn; `live` has not. */
  mode: 'test' | 'live'
}

export interface Clock {
  /** Business time, epoch milliseconds. The only source of it. */
  now(): number
  /** Real time, epoch milliseconds: for `ttl`, tokens and deadlines, never for money or windows. */
  real(): number
}

export interface Ids {
  /** 80 random bits as 16 Crockford base-32 characters. */
  random(): string
  /** 256 random bits, base64url: the secret part of an API key. */
  secret(): string
}

export interface Queues {
  /**
   * Sends messages (JSON values); at most 10 a call to SQS, split inside. They become visible after `delaySeconds`
   * (real time, at most 900). Throws when one could not be sent.
   */
  send(queue: QueueName, messages: unknown[], options?: { delaySeconds?: number }): Promise<void>
}

/** One structured line; never secrets, tokens or contact details. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}
