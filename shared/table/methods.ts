import * as z from 'zod/mini'
import { guardOf } from '#domain/guard'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { type MethodMark, methodIds } from '#domain/paymentMethod'
import { directoryRows } from './directory.ts'
import { accountPk, forgottenMethodKey, methodKey, methodPrefix, methodTokenPk } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { readBody, toItem } from './stored.ts'

const method = z.object({
  /** `pmt_<ULID>` */
  id: z.string(),
  accountId: z.string(),
  provider: z.enum(paymentProviders),
  /** The provider's word: "card", "upi", … */
  kind: z.string(),
  brand: z.exactOptional(z.string()),
  last4: z.exactOptional(z.string()),
  expMonth: z.exactOptional(z.int()),
  expYear: z.exactOptional(z.int()),
  /** The provider's token, sealed: it never leaves in an answer or a log. */
  sealedToken: z.string(),
  gatewayCustomerId: z.exactOptional(z.string()),
  /** Of provider and token: tells one that is handed over again. */
  fingerprint: z.string(),
  /** Of provider and card, where it tells which card it is. */
  instrument: z.exactOptional(z.string()),
  /** The provider's time of the payment that brought the token. */
  tokenAt: z.exactOptional(z.int()),
  isDefault: z.boolean(),
  createdAt: z.int(),
  updatedAt: z.int(),
  ver: z.int(),
})
/** A method of payment that may be charged again. */
export type PaymentMethod = z.output<typeof method>

/** Sealing the same token twice gives two texts, so what is compared is this. */
export const methodFingerprint = (provider: PaymentProvider, token: string): string =>
  guardOf('i', 'paymentMethod', `${provider}\n${token}`).bits

/** A card's mark at the provider tells it everywhere, so it is not kept as it came either. */
export const instrumentOf = (provider: PaymentProvider, instrument: string): string =>
  guardOf('i', 'paymentInstrument', `${provider}\n${instrument}`).bits

export const readMethod = (item: Item): PaymentMethod => readBody(method, item)

export async function findMethod(table: Table, accountId: string, id: string): Promise<PaymentMethod | undefined> {
  const item = await table.get(methodKey(accountId, id), { consistent: true })
  return item && readMethod(item)
}

/** More than anybody has: one more takes the place of the oldest that is not the default. */
export const maxMethods = 20

/** All of an account, oldest first, read consistently. */
export async function listMethods(table: Table, accountId: string): Promise<PaymentMethod[]> {
  const { items } = await table.query({
    pk: accountPk(accountId),
    sk: { beginsWith: methodPrefix },
    limit: 2 * maxMethods,
    consistent: true,
  })
  return items.map(readMethod)
}

/** A token belongs to one customer of the provider, who may be several accounts of ours. */
const mostOfToken = 10

/** Whose methods a provider's token is. The index lags: whoever changes one reads it again. */
export async function methodsOfToken(table: Table, provider: PaymentProvider, token: string): Promise<PaymentMethod[]> {
  const pk = methodTokenPk(methodFingerprint(provider, token))
  const { rows } = await directoryRows(table, { pk, limit: mostOfToken })
  return rows.map(readMethod)
}

/** The next state on the version that was seen; `seenVer` 0: nothing is stored yet. */
export const putMethodWrite = (next: PaymentMethod, seenVer: number): Write => ({
  kind: 'put',
  item: toItem('paymentMethod', methodKey(next.accountId, next.id), {
    ...next,
    v: 1,
    gsi1pk: methodTokenPk(next.fingerprint),
    gsi1sk: `${next.accountId}#${next.id}`,
  }),
  when: seenVer === 0 ? absent : equals('ver', seenVer),
})

/** On the version that was seen: the default is not deleted unseen. */
export const deleteMethodWrite = ({ accountId, id, ver }: Pick<PaymentMethod, 'accountId' | 'id' | 'ver'>): Write => ({
  kind: 'delete',
  key: methodKey(accountId, id),
  when: equals('ver', ver),
})

const forgotten = z.object({ at: z.int() })
/** Longer than any provider repeats an event, and than staff look back. */
const forgottenKeptSeconds = 400 * 86_400

/** When a method was last deleted, epoch milliseconds of real time; undefined: not within 400 days. */
export async function findForgotten(table: Table, mark: MethodMark): Promise<number | undefined> {
  const keys = methodIds(mark).map((id) => forgottenMethodKey(mark.accountId, id))
  const items = await Promise.all(keys.map((key) => table.get(key, { consistent: true })))
  const times = items.flatMap((item) => (item ? [readBody(forgotten, item).at] : []))
  return times.length === 0 ? undefined : Math.max(...times)
}

/** Beside the deletion, under every id that it may be saved under again; the last one counts. They hold no token. */
export const putForgottenWrites = (
  { id, ...mark }: MethodMark & Pick<PaymentMethod, 'id'>,
  at: { now: number; real: number },
): Write[] =>
  [...new Set([id, ...methodIds(mark)])].map((forgottenId) => ({
    kind: 'put',
    item: toItem('forgottenMethod', forgottenMethodKey(mark.accountId, forgottenId), {
      v: 1,
      createdAt: at.now,
      updatedAt: at.now,
      at: at.real,
      ttl: Math.ceil(at.real / 1000) + forgottenKeptSeconds,
    }),
    when: 'unconditional',
  }))
