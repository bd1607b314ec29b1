import * as z from 'zod/mini'
import type { PaymentProvider } from '#domain/moneyCharge'
import { fromProviderUnits } from './exponent.ts'

/**
 * Pieces of the schemas for providers' answers: unknown members pass, what decides money is strict, and what is only
 * shown (a brand, a month) becomes undefined when it is odd rather than making a payment unreadable.
 */

/** A whole amount that is not negative; Paystack's refund events send it as a string. */
export const amount = z.pipe(
  z.union([z.number(), z.string().check(z.regex(/^\d{1,15}$/))]),
  z.pipe(z.transform(Number), z.int().check(z.nonnegative())),
)
export const currency = z.pipe(
  z.string().check(z.regex(/^[A-Za-z]{3}$/)),
  z.transform((code: string) => code.toUpperCase()),
)
/** Unix seconds → milliseconds. */
export const seconds = z.pipe(
  z.int().check(z.nonnegative()),
  z.transform((value: number) => value * 1000),
)
/** An ISO time → milliseconds. */
export const isoTime = z.pipe(
  z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  z.transform((text: string) => Date.parse(text)),
)
export const id = z.string().check(z.regex(/^[A-Za-z0-9_.:=-]{1,255}$/))

/** Absent, null, empty or odd: undefined. For what is only shown or only helps. */
export const shown = <S extends z.ZodMiniType>(schema: S) =>
  z.catch(
    z.pipe(
      z.nullish(schema),
      z.transform((value) => value ?? undefined),
    ),
    undefined,
  )
/** Absent or null: undefined; anything else must fit. For what decides. */
export const maybe = <S extends z.ZodMiniType>(schema: S) =>
  z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  )

export const text = z.string().check(z.minLength(1), z.maxLength(500))
/** "08", 8. */
export const count = z.pipe(z.union([z.number(), z.string()]), z.pipe(z.transform(Number), z.int()))

/** Our payment id inside a provider's field. */
const paymentIdPattern = /^fpay_[0-9A-HJKMNP-TV-Z]{26}$/
export const ownPaymentId = (value: unknown): string | undefined =>
  typeof value === 'string' && paymentIdPattern.test(value) ? value : undefined

/** @throws when the amount does not fit the currency there: the caller's parse turns it into `unreadable` or `bad_answer`. */
export function minorOf(provider: PaymentProvider, units: number, code: string): number {
  const minor = fromProviderUnits(provider, units, code)
  if (minor === undefined) throw new Unreadable('amount')
  return minor
}

/** A body or answer that parsed but contradicts itself; `path` is the member. */
export class Unreadable extends Error {
  readonly path: string
  constructor(path: string) {
    super(`${path} does not make sense`)
    this.name = 'Unreadable'
    this.path = path
  }
}

/** Members that are there: `undefined` ones leave, so that optional members are absent and not empty. */
export function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>
}
type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Parses and maps in one go; undefined and the paths at fault when it does not fit. */
export function readAs<S extends z.ZodMiniType, T>(
  schema: S,
  value: unknown,
  map: (parsed: z.output<S>) => T,
): { value: T } | { fault: string } {
  const result = schema.safeParse(value)
  if (!result.success) return { fault: faultOf(result.error) }
  try {
    return { value: map(result.data) }
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.path }
    throw error
  }
}

/** What can be read of a list; the rest, another shop's in a currency that we do not charge say, is told to `unreadable`. */
export function readEach<S extends z.ZodMiniType, T>(
  schema: S,
  values: readonly unknown[],
  map: (parsed: z.output<S>) => T,
  unreadable: () => void = () => {},
): T[] {
  return values.flatMap((value) => {
    const read = readAs(schema, value, map)
    if ('value' in read) return [read.value]
    unreadable()
    return []
  })
}

/** Paths alone: values may be contact details or tokens. */
const faultOf = (error: z.core.$ZodError): string =>
  error.issues
    .slice(0, 5)
    .map((issue) => issue.path.map(String).join('.').slice(0, 100) || '(body)')
    .join(', ')
