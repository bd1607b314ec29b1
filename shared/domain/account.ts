import { Problem } from '#errors/problem'
import type { AccountState } from './entitlement.ts'
import type { PlanTerms } from './terms.ts'
import { initialZones, planZoneChange, zoneAt } from './time.ts'

export interface Preferences {
  /** False refuses at the limit even where the plan prices overage. */
  overage: boolean
  aiService: 'auto' | 'gemini' | 'gpt-4o'
  usageAlerts: boolean
  subscriptionExpiry: boolean
  marketing: boolean
}

/** Whoever is billed: a person or an organisation, with the plan snapshot that `check` decides by. Times are epoch milliseconds. */
export interface Account extends AccountState {
  v: 1
  id: string
  /** Raised by every write; a write requires the version it saw. */
  ver: number
  createdAt: number
  updatedAt: number
  email?: string
  name?: string
  currency?: string
  /** The first payment has fixed it. */
  hasPaid?: boolean
  country?: string
  metadata?: Record<string, string | number | boolean>
  subscriptionId?: string
  preferences: Preferences
  /** Its erasure has begun, and is finished by whoever asks for it again. It is suspended from then on. */
  erasingAt?: number
  /** It was erased at this instant, and its login came back. */
  returnedFrom?: number
}

/** What a caller may change; absent members stay. */
export interface AccountChange {
  email?: string | undefined
  name?: string | undefined
  currency?: string | undefined
  timeZone?: string | undefined
  country?: string | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

const defaultPreferences: Preferences = {
  overage: true,
  aiService: 'auto',
  usageAlerts: true,
  subscriptionExpiry: true,
  marketing: false,
}

/** An account as it starts: on the fallback plan, in UTC. `ver` 0: nothing is stored yet. */
export const newAccount = (id: string, fallback: PlanTerms | null, now: number): Account => ({
  v: 1,
  id,
  ver: 0,
  createdAt: now,
  updatedAt: now,
  zones: initialZones('UTC'),
  plan: fallback,
  suspended: false,
  preferences: defaultPreferences,
})

/**
 * The account after a change. On a new account a zone holds at once: there is no window yet that it could renew.
 * @throws Problem `validation_failed` for an unknown zone, `conflict` for a third zone within 35 days, or for another
 * currency once something was paid.
 */
export function planAccountChange(account: Account, change: AccountChange, now: number): Account {
  const { timeZone, ...fields } = change
  if (account.hasPaid && fields.currency !== undefined && fields.currency !== account.currency)
    throw new Problem('conflict', `The account pays in ${account.currency}: its first payment has fixed that.`)
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return {
    ...account,
    ...given,
    ...(timeZone !== undefined && { zones: zonesAfter(account, timeZone, now) }),
    ver: account.ver + 1,
    updatedAt: now,
  }
}

function zonesAfter(account: Account, timeZone: string, now: number) {
  const changed = planZoneChange(account.zones, timeZone, now)
  return account.ver === 0 ? initialZones(timeZone) : changed
}

/** The account after a change of preferences; absent members stay. */
export const planPreferences = (
  account: Account,
  change: { [Name in keyof Preferences]?: Preferences[Name] | undefined },
  now: number,
): Account => ({
  ...account,
  preferences: {
    ...account.preferences,
    ...(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<Preferences>),
  },
  ver: account.ver + 1,
  updatedAt: now,
})

/** The account as answers show it; `planId` is that of the plan that holds now. */
export function accountView(account: Account, planId: string | null, now: number) {
  const timeZone = zoneAt(account.zones, now)
  const last = account.zones.at(-1)
  const pending = last && last.from > now ? { timeZone: last.zone, from: new Date(last.from).toISOString() } : null
  return {
    id: account.id,
    email: account.email ?? null,
    name: account.name ?? null,
    currency: account.currency ?? null,
    timeZone,
    pendingTimeZone: pending,
    country: account.country ?? null,
    metadata: account.metadata ?? {},
    planId,
    suspended: account.suspended,
    createdAt: account.ver === 0 ? null : new Date(account.createdAt).toISOString(),
  }
}

/** The preferences as answers show them. */
export const preferencesView = ({ overage, aiService, usageAlerts, subscriptionExpiry, marketing }: Preferences) => ({
  notifications: { usageAlerts, subscriptionExpiry, marketing },
  aiService,
  overage,
})
