import { describe, expect, it } from 'vitest'
import { isWebhookDue, planWebhook, retryDelaysMs, webhookStatuses } from '#domain/webhook'

const now = Date.parse('2026-03-10T12:00:00.000Z')
const minuteMs = 60_000

describe('a try of an event', () => {
  it('that succeeds ends it, with what it was about', () => {
    expect(planWebhook(2, { kind: 'processed', accountId: 'a', paymentId: 'p' }, now)).toEqual({
      next: { status: 'processed', attempts: 2, processedAt: now, accountId: 'a', paymentId: 'p' },
    })
  })

  it('that is not ours ends it', () => {
    expect(planWebhook(0, { kind: 'ignored' }, now)).toEqual({
      next: { status: 'ignored', attempts: 0, processedAt: now },
    })
    expect(planWebhook(0, { kind: 'ignored', code: 'mode' }, now).next.lastError).toBe('mode')
  })

  it('that cannot be read fails it at once, with an alarm', () => {
    expect(planWebhook(0, { kind: 'unreadable' }, now)).toEqual({
      next: { status: 'failed', attempts: 0, lastError: 'unreadable', processedAt: now },
      alarm: 'WebhookUnreadable',
    })
  })

  it.each([
    [0, 1, 60],
    [1, 5, 300],
    [2, 30, undefined],
    [3, 120, undefined],
    [4, 480, undefined],
  ])('that fails after %i others is made again in %i minutes', (attempts, minutes, delaySeconds) => {
    const nextAt = now + minutes * minuteMs
    const waits = delaySeconds === undefined ? {} : { delaySeconds }
    expect(planWebhook(attempts, { kind: 'failed', code: 'unavailable' }, now)).toEqual({
      next: { status: 'retrying', attempts: attempts + 1, nextAt, lastError: 'unavailable' },
      ...waits,
    })
    expect(planWebhook(attempts, { kind: 'unmatched' }, now)).toEqual({
      next: { status: 'unmatched', attempts: attempts + 1, nextAt, lastError: 'unmatched' },
      ...waits,
    })
  })

  it('that fails after all others is dead; one that never matched is ignored; both alarm', () => {
    const attempts = retryDelaysMs.length
    expect(planWebhook(attempts, { kind: 'failed', code: 'defect' }, now)).toEqual({
      next: { status: 'dead', attempts: attempts + 1, lastError: 'defect', processedAt: now },
      alarm: 'WebhookDead',
    })
    expect(planWebhook(attempts, { kind: 'unmatched' }, now)).toEqual({
      next: { status: 'ignored', attempts: attempts + 1, lastError: 'unmatched', processedAt: now },
      alarm: 'WebhookUnmatched',
    })
  })
})

describe('a message', () => {
  const expected = { received: true, dead: true, processed: false, ignored: false, failed: false }
  it.each(Object.entries(expected))('of an event that is %s: acted on %s', (status, due) => {
    const found = webhookStatuses.find((one) => one === status) ?? 'received'
    expect(isWebhookDue({ status: found, attempts: 3 }, undefined, now)).toBe(due)
    expect(isWebhookDue({ status: found, attempts: 3 }, 3, now)).toBe(due)
  })

  it.each(['retrying', 'unmatched'] as const)(
    'of one that is %s: when its time has come, or it was made for this try',
    (status) => {
      const waiting = { status, attempts: 2, nextAt: now }
      expect(isWebhookDue(waiting, undefined, now - 1)).toBe(false)
      expect(isWebhookDue(waiting, undefined, now)).toBe(true)
      expect(isWebhookDue(waiting, undefined, now + 1)).toBe(true)
      expect(isWebhookDue(waiting, 1, now - 1)).toBe(false)
      expect(isWebhookDue(waiting, 2, now - 1)).toBe(true)
      expect(isWebhookDue(waiting, 3, now - 1)).toBe(false)
    },
  )
})
