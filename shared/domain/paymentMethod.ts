import { ulidOf } from './guard.ts'

/** What decides which of an account's methods is charged by default. Times are epoch milliseconds. */
export interface MethodChoice {
  id: string
  isDefault: boolean
  createdAt: number
  updatedAt: number
  /** Raised by every write. */
  ver: number
}

/**
 * A method's id follows from what it is, so that saving it again finds it again. Its time part says nothing.
 * `fingerprint`: 16 base-32 characters, of provider and token.
 */
export const methodId = (fingerprint: string): string => `pmt_${ulidOf(0, fingerprint)}`

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
