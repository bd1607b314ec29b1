import { guardOf, ulidOf } from './guard.ts'
import { isMandate, type PaymentProvider } from './moneyCharge.ts'

/** What decides which of an account's methods is charged by default. Times are epoch milliseconds. */
export interface MethodChoice {
  id: string
  isDefault: boolean
  createdAt: number
  updatedAt: number
  /** Raised by every write. */
  ver: number
}

/** What a subscription renews with. `mandate`: it is debited ahead of time, once a cycle. */
export interface RenewalMethod {
  id: string
  mandate: boolean
}

export const renewalMethod = ({ id, provider }: { id: string; provider: PaymentProvider }): RenewalMethod => ({
  id,
  mandate: isMandate(provider),
})

/** What tells a method that an account is handed again; marks are 16 base-32 characters, of the provider and its word. */
export interface MethodMark {
  accountId: string
  /** Of the token. */
  fingerprint: string
  /** Of the card itself, where the provider tells: the same under every token of it. */
  instrument?: string
}

/**
 * A method's id follows from what it is and whose, so that saving it again finds it again, and one card that two accounts
 * save has two ids. Its time part says nothing.
 */
export const methodId = ({ accountId, fingerprint, instrument }: MethodMark): string =>
  `pmt_${ulidOf(0, guardOf('i', 'payment method of', `${accountId}\n${instrument ?? fingerprint}`).bits)}`

/** Whichever id it may have been kept under: what the provider tells of a card, it may tell later. */
export const methodIds = (mark: MethodMark): string[] => [
  ...new Set([methodId(mark), methodId({ accountId: mark.accountId, fingerprint: mark.fingerprint })]),
]

/** Which of an account's methods is handed over again: by its token, else by the card. */
export const sameMethod = <Method extends MethodMark & { id: string }>(
  methods: readonly Method[],
  mark: MethodMark,
): Method | undefined =>
  methods.find(({ fingerprint }) => fingerprint === mark.fingerprint) ??
  methods.find(({ instrument }) => instrument !== undefined && instrument === mark.instrument) ??
  methods.find(({ id }) => id === methodId(mark))

/**
 * Whether what is told takes the place of what is known of the same card: the token of the later payment is charged.
 * Without a time it is not known to be later, so what is there stays.
 */
export const isLaterToken = (paidAt: number | undefined, tokenAt: number | undefined): boolean =>
  paidAt !== undefined && (tokenAt === undefined || paidAt > tokenAt)

/** More than anybody saves one card. */
const mostTokens = 10

/** The tokens of one card, the one that is charged first; `told` is that when it is the later one. None is there twice. */
export function tokensOfCard(held: readonly string[], told: string, isLater: boolean): string[] {
  if (!isLater && held.includes(told)) return [...held]
  const [first, ...earlier] = held.filter((token) => token !== told)
  const all = isLater || first === undefined ? [told, first, ...earlier] : [first, told, ...earlier]
  return all.filter((token) => token !== undefined).slice(0, mostTokens)
}

/**
 * The one that is charged by default: the last that was made so; else the newest. Two that were saved first at the same
 * moment may both be marked, and deleting may leave none marked: whoever reads asks here, so there is always exactly one.
 */
export function defaultMethod<Method extends MethodChoice>(methods: readonly Method[]): Method | undefined {
  const marked = methods.filter(({ isDefault }) => isDefault)
  return marked.length > 0 ? latest(marked, 'updatedAt') : latest(methods, 'createdAt')
}

/** Newest first, with the mark where it belongs. */
export function orderedMethods<Method extends MethodChoice>(methods: readonly Method[]): Method[] {
  const chosen = defaultMethod(methods)
  return methods
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
    .map((method) => ({ ...method, isDefault: method === chosen }))
}

const latest = <Method extends MethodChoice>(
  methods: readonly Method[],
  by: 'createdAt' | 'updatedAt',
): Method | undefined => methods.toSorted((a, b) => b[by] - a[by] || (a.id < b.id ? 1 : -1))[0]

/** Those that change when `id` becomes the default, each with the mark that it is to have. None: it is marked alone already. */
export const marksFor = <Method extends MethodChoice>(methods: readonly Method[], id: string): Method[] =>
  methods
    .map((method) => ({ ...method, isDefault: method.id === id }))
    .filter(({ isDefault }, index) => isDefault !== methods[index]?.isDefault)

/** What makes room for one more: the oldest, but not the default, nor `kept`, which a subscription renews with. */
export function crowdedOut<Method extends MethodChoice>(
  methods: readonly Method[],
  most: number,
  kept?: string,
): Method[] {
  const chosen = defaultMethod(methods)
  return methods
    .filter((method) => method !== chosen && method.id !== kept)
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    .slice(0, Math.max(0, methods.length + 1 - most))
}
