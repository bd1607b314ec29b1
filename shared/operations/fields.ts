import * as z from 'zod/mini'
import { isCountry } from '#domain/country'
import { isCurrency } from '#domain/money'
import { noticeKinds } from '#domain/paymentWrite'

/** Fields that more than one operation has. Every string and array is bounded here. */

/** Text that can be stored, shown and logged: well-formed Unicode without control characters. */
export const text = (maximum: number, minimum = 1) =>
  z.string().check(
    z.minLength(minimum),
    z.maxLength(maximum),
    z.refine(
      (value) => value.isWellFormed() && !/\p{Cc}/u.test(value),
      'must be well-formed text without control characters',
    ),
  )

/** The caller's own name for an account, or the JWT's subject. */
export const accountId = z.string().check(z.regex(/^[A-Za-z0-9._:|@-]{1,128}$/))
/** Ids in a catalogue. */
export const catalogueId = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/))
/** An id made here: prefix and ULID. */
export const ourId = (prefix: string) =>
  z.string().check(z.regex(new RegExp(`^${prefix}_[0-7][0-9A-HJKMNP-TV-Z]{25}$`)))

/** Credits: whole, 1 … 10^12. */
export const credits = z.int().check(z.minimum(1), z.maximum(1_000_000_000_000))
/** Units of a feature in one call. */
export const quantity = z.int().check(z.minimum(1), z.maximum(1_000_000_000))

/** ISO 8601 in, with an offset or Z; at most milliseconds. */
export const instant = z.iso.datetime({ offset: true }).check(
  z.maxLength(40),
  z.refine((value) => Date.parse(value) < Date.UTC(2200, 0, 1), 'lies before the year 2200'),
)
/** ISO 8601 out: UTC with milliseconds. */
export const time = z.iso.datetime({ precision: 3 })
export const orNull = <S extends z.ZodMiniType>(schema: S) => z.nullable(schema)

export const reason = text(500)

/** ISO 3166-1 alpha-2. */
export const country = z
  .string()
  .check(
    z.regex(/^[A-Z]{2}$/, { error: 'must be two capital letters, such as "IN"', abort: true }),
    z.refine(isCountry, 'must be the code of a country'),
  )

/** The table holds numbers from 1e-130 to 1e125 with 38 digits; beyond 2^53 JSON itself loses digits. */
const storableNumber = z.number().check(
  z.minimum(Number.MIN_SAFE_INTEGER),
  z.maximum(Number.MAX_SAFE_INTEGER),
  z.refine((value) => value === 0 || Math.abs(value) >= 1e-100, 'is 0 or at least 1e-100 away from it'),
)

/** Small facts of the caller's own: at most 50, flat. */
export const metadata = z
  .record(
    z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9_.-]{0,39}$/)),
    z.union([text(500, 0), storableNumber, z.boolean()]),
  )
  .check(
    z.refine((value) => Object.keys(value).length <= 50, 'has at most 50 members'),
    // Such a member makes an object look like an instance of something, which the table does not store.
    z.refine((value) => !Object.hasOwn(value, 'constructor'), 'has no member called "constructor"'),
  )

/** On the account's own item, which every check reads: it is kept below 4 KB. */
const mostAccountMetadataBytes = 1_024
export const accountMetadata = metadata.check(
  z.refine((value) => Buffer.byteLength(JSON.stringify(value)) <= mostAccountMetadataBytes, 'has at most 1 KB as JSON'),
)

/** What an account is told of: limits, and its money. */
export const noticeKind = z.enum(['usage_warning', 'usage_limit', ...noticeKinds])
/** Facts of a notice about money, flat and few: ids, amounts in minor units, instants in epoch milliseconds. */
export const noticeData = z
  .record(
    z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9]{0,39}$/)),
    z.nullable(z.union([z.string().check(z.maxLength(500)), storableNumber])),
  )
  .check(z.refine((value) => Object.keys(value).length <= 20, 'has at most 20 members'))

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: z.optional(z.string().check(z.regex(/^([1-9][0-9]?|100)$/, 'is a whole number from 1 to 100'))),
  cursor: z.optional(z.string().check(z.maxLength(512))),
}
export const pageOf = <S extends z.ZodMiniType>(row: S) =>
  z.object({ data: z.array(row), nextCursor: z.nullable(z.string()) })
export const defaultLimit = 20

export const limit = z.union([z.int().check(z.minimum(0)), z.literal('unlimited')])
export const currency = z.string().check(z.regex(/^[A-Z]{3}$/))
/** One that is given: ISO 4217 knows it. */
export const knownCurrency = z.string().check(z.refine(isCurrency, 'must be an ISO 4217 currency, such as "INR"'))
export const upgradeOffer = z.object({
  planId: catalogueId,
  priceId: catalogueId,
  name: z.string(),
  amount: z.int(),
  currency,
})

export const email = z.email().check(z.maxLength(254))
