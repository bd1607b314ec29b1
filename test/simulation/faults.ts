import type { Random } from './random.ts'

/**
 * What becomes of one call. `fine` apart, each is something that DynamoDB, SQS, the network or Lambda does:
 * - `throttled`: refused unheard; the caller is told to try again
 * - `unsent`: never arrived, and the caller cannot know it
 * - `lost`: done, but the reply got lost
 * - `late`: the caller gave up waiting; the call arrives long after
 * - `slowRequest`, `slowReply`: seconds on the way there, or back
 * - `killedBefore`, `killedAfter`, `killedLate`: the function ends here; its call never arrives, has arrived, or arrives long after
 * - `twice`: the client library sends a single write again after a lost reply, and answers with the second outcome
 */
export type Fate =
  | 'fine'
  | 'throttled'
  | 'unsent'
  | 'lost'
  | 'late'
  | 'slowRequest'
  | 'slowReply'
  | 'killedBefore'
  | 'killedAfter'
  | 'killedLate'
  | 'twice'

/** `ask` reads at a provider, `provide` has something done there. */
export type CallKind = 'read' | 'write' | 'transaction' | 'send' | 'ask' | 'provide'

const readFates: Fate[] = ['throttled', 'unsent', 'slowRequest', 'slowReply', 'killedBefore']
const writeFates: Fate[] = [
  'throttled',
  'unsent',
  'lost',
  'lost',
  'late',
  'late',
  'slowRequest',
  'slowReply',
  'killedBefore',
  'killedAfter',
  'killedAfter',
  'killedLate',
]
const fates: Record<CallKind, Fate[]> = {
  read: readFates,
  // A transaction sent again carries its client token, so the engine itself recognises it: only single writes happen twice.
  write: [...writeFates, 'twice', 'twice'],
  transaction: writeFates,
  send: ['unsent', 'lost', 'killedBefore', 'killedAfter', 'twice'],
  ask: readFates,
  provide: writeFates,
}

const isAtProvider = (kind: CallKind): boolean => kind === 'ask' || kind === 'provide'

/** Reads are most of the calls and faults in them teach least. */
const shares: Record<CallKind, number> = {
  read: 0.06,
  write: 0.3,
  transaction: 0.3,
  send: 0.2,
  ask: 0.1,
  provide: 0.4,
}

/** Deals out at most `left` faults; then the world is calm, and everything must converge. */
export class Faults {
  left = 0
  /** Those at a provider, counted apart: its calls are few and come late in a run. */
  leftAtProvider = 0
  /** Of the usual shares of the table's and the queues' calls: a long run would else have had all its faults in its first minute. */
  rate = 1
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  next(kind: CallKind): Fate {
    const isThere = isAtProvider(kind)
    const left = isThere ? this.leftAtProvider : this.left
    if (left <= 0 || !this.#random.chance(isThere ? shares[kind] : shares[kind] * this.rate)) return 'fine'
    if (isThere) this.leftAtProvider -= 1
    else this.left -= 1
    return this.#random.pick(fates[kind])
  }

  /** From here on everything works. */
  calm(): void {
    this.left = 0
    this.leftAtProvider = 0
  }
}
