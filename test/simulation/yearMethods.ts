import type { Item } from '#table/port'

/** One saved method as its account has it. `token`: what the provider charges. */
interface Saved {
  id: string
  token: string
  savedAt: number
}

interface Own {
  /** In the order in which they were saved. */
  saved: Saved[]
  chosen: string | undefined
  /** Tokens that somebody asked to forget, and when. */
  forgotten: Map<string, number>
  movedAt: number
}

/** Which methods every account has, and which of them is charged when none is named: by what was saved and asked for. */
export class Methods {
  readonly #accounts = new Map<string, Own>()

  #of(accountId: string): Own {
    const own = this.#accounts.get(accountId) ?? { saved: [], chosen: undefined, forgotten: new Map(), movedAt: 0 }
    this.#accounts.set(accountId, own)
    return own
  }

  /** A row that was not there before. The first one that is saved is the default: answers whether it is that. */
  save(item: Item, at: number): boolean {
    const own = this.#of(String(item.accountId))
    const id = String(item.id)
    if (own.saved.some((one) => one.id === id)) return false
    own.saved.push({ id, token: tokenIn(item), savedAt: at })
    own.movedAt = at
    const isFirst = own.saved.length === 1
    if (isFirst) own.chosen = id
    return isFirst
  }

  choose(accountId: string, id: string, at: number): void {
    Object.assign(this.#of(accountId), { chosen: id, movedAt: at })
  }

  /** The newest other one becomes the default where it was that. */
  forget(accountId: string, id: string, at: number): void {
    const own = this.#of(accountId)
    const gone = own.saved.find((one) => one.id === id)
    if (!gone) return
    own.forgotten.set(gone.token, at)
    own.saved = own.saved.filter((one) => one !== gone)
    own.movedAt = at
    if (own.chosen === id) own.chosen = own.saved.at(-1)?.id
  }

  /** Of a token that is saved; undefined: it is not. */
  idOf(accountId: string, token: string | undefined): string | undefined {
    return this.#of(accountId).saved.find((one) => one.token === token)?.id
  }

  /** What is charged for a subscription: its own method, where that is saved, else the default. */
  charged(accountId: string, method: string | undefined): string | undefined {
    const { saved, chosen } = this.#of(accountId)
    return (saved.find(({ id }) => id === method) ?? saved.find(({ id }) => id === chosen))?.token
  }

  heir(accountId: string): string | undefined {
    return this.#of(accountId).chosen
  }

  movedAt(accountId: string): number {
    return this.#of(accountId).movedAt
  }

  forgottenAt(accountId: string, token: string): number | undefined {
    return this.#of(accountId).forgotten.get(token)
  }
}

/** What is sealed is plain here. */
const tokenIn = ({ sealedToken }: Item): string =>
  String(JSON.parse(Buffer.from(String(sealedToken), 'base64url').toString()).token)
