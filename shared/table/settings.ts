import * as z from 'zod/mini'
import { defaultPaymentSettings, type PaymentSettings, paymentSettingsSchema } from '#domain/paymentSettings'
import { parseOwn } from '#errors/parse'
import { settingKey, settingVersionKey } from './keys.ts'
import { absent, equals, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const setting = z.object({ ...stored, version: z.int().check(z.minimum(1)), json: z.string(), actor: z.string() })

/** How long a function serves what it has before it looks again. */
const refreshMs = 60_000

/** The name of the setting that says who sells, what is taxed how, and which provider takes which currency. */
export const paymentSettingsName = 'payments'

export interface StoredSetting {
  version: number
  value: unknown
  /** Who wrote this version, and when (epoch milliseconds). */
  actor: string
  updatedAt: number
}

/** A setting in force, parsed as JSON only: its name says which schema it has. Undefined: nothing is stored. */
export async function findSetting(
  table: Table,
  name: string,
  options: { consistent?: boolean } = { consistent: true },
): Promise<StoredSetting | undefined> {
  const item = await table.get(settingKey(name), options)
  if (!item) return undefined
  const { version, json, actor, updatedAt } = read(setting, item)
  return { version, value: JSON.parse(json), actor, updatedAt }
}

/** The next version on the one that was seen (0: none), and the row that keeps it for ever, with who wrote it. */
export function putSettingWrites(
  name: string,
  value: unknown,
  seenVersion: number,
  actor: string,
  now: number,
): [Write, Write] {
  const version = seenVersion + 1
  const body = { v: 1, createdAt: now, updatedAt: now, version, json: JSON.stringify(value), actor }
  return [
    {
      kind: 'put',
      item: toItem('setting', settingKey(name), body),
      when: seenVersion === 0 ? absent : equals('version', seenVersion),
    },
    { kind: 'put', item: toItem('settingVersion', settingVersionKey(name, version), body), when: absent },
  ]
}

/** The payment settings in force, the defaults where nothing is stored. @throws Error when what is stored is none: a defect. */
export async function readPaymentSettings(
  table: Table,
  options: { consistent?: boolean } = { consistent: true },
): Promise<PaymentSettings> {
  const found = await findSetting(table, paymentSettingsName, options)
  return found ? parseOwn(paymentSettingsSchema, found.value, 'the setting "payments"') : defaultPaymentSettings
}

/**
 * The payment settings in memory. A minute after a look, by `now` in milliseconds, the next call looks again, and calls at
 * the same time share that look. When it fails, what is in memory serves another minute and `onFailure` hears of it.
 * @throws Error when nothing could be read yet.
 */
export function settingsCache(
  table: Table,
  now: () => number,
  onFailure: (error: unknown) => void = () => {},
): () => Promise<PaymentSettings> {
  let held: PaymentSettings | undefined
  let lookAgainAt = 0
  let looking: Promise<PaymentSettings> | undefined

  const look = async (): Promise<PaymentSettings> => {
    const before = held
    const found = await readPaymentSettings(table).catch((error: unknown) => {
      if (!before) throw error
      onFailure(error)
      return before
    })
    held = found
    lookAgainAt = now() + refreshMs
    return found
  }

  return () => {
    if (held && now() < lookAgainAt) return Promise.resolve(held)
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}
