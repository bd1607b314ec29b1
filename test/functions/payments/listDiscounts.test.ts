import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'
import { discountCalls } from './discountSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const { create, list, take } = discountCalls(deps)
const ids: string[] = []
beforeAll(async () => {
  for (const account of ['acc', 'other']) await callsOf(deps).putAccount({ account, body: { email: 'a@example.com' } })
  for (const body of [{ expiresAt: '2026-03-10T12:00:10Z' }, {}, { percentOff: 50 }]) {
    deps.clock.advance(1000)
    ids.unshift((await create(body)).body.id)
  }
  await create({}, { account: 'other' })
})

describe('listDiscounts', () => {
  it('200 newest first, with what became of each; another account’s are not among them', async () => {
    const paymentId = strangerId('fpay')
    expect(await take(ids[1] ?? '', paymentId)).toBe(true)
    deps.clock.set('2026-03-10T12:00:10Z')
    const { body } = await list()
    expect(body.data.map(({ id, status }) => [id, status])).toEqual([
      [ids[0], 'open'],
      [ids[1], 'used'],
      [ids[2], 'expired'],
    ])
    expect(body.data[1]).toMatchObject({ paymentId })
    expect(body.nextCursor).toBeNull()
  })

  it('200 page by page; 400 with a cursor of another account’s list', async () => {
    const first = await list({ query: { limit: '2' } })
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const cursor = first.body.nextCursor ?? ''
    expect((await list({ query: { limit: '2', cursor } })).body.data.map(({ id }) => id)).toEqual(ids.slice(2))
    expect(await list({ account: 'other', query: { cursor } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })

  it('200 nothing for an account without any; 403 for a login that is no staff', async () => {
    expect((await list({ account: 'nobody' })).body).toEqual({ data: [], nextCursor: null })
    expect(await list({ subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
