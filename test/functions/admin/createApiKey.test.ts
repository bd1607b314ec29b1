import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { scopes } from '#operations/definition'
import { apiKeyKey } from '#table/keys'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const { createApiKey } = callsOf(deps)

const body = { name: 'checkout server', scopes: ['check', 'usage:write'] }

describe('createApiKey', () => {
  it('201 shows the key once; only its hash is stored, and the audit entry has neither', async () => {
    const answer = await createApiKey({ body, headers: { 'x-request-id': 'req-made' } })
    const { key = '', ...view } = answer.body
    expect(answer.status).toBe(201)
    expect(key).toMatch(/^fg_test_[A-Za-z0-9_-]{43}$/)
    expect(view).toMatchObject({ ...body, lastUsedAt: null, revokedAt: null })
    const hash = createHash('sha256').update(key).digest('hex')
    expect(await deps.table.get(apiKeyKey(hash))).toMatchObject({ id: view.id, name: body.name })
    const audit = await auditRows(deps, 'req-made')
    expect(audit).toMatchObject([{ action: 'createApiKey', entityId: view.id, after: body }])
    for (const secret of [key, hash]) {
      expect(JSON.stringify(audit)).not.toContain(secret)
      expect(JSON.stringify(deps.logged)).not.toContain(secret)
    }
  })

  it('201 again for the same key: one API key, and the secret is not shown again; 422 for another body', async () => {
    const first = await createApiKey({ body, key: 'k' })
    const second = await createApiKey({ body, key: 'k' })
    const { key, ...rest } = first.body
    expect(key).toEqual(expect.any(String))
    expect(second).toMatchObject({ status: 201, replayed: true })
    expect(second.body).toEqual(rest)
    expect(await createApiKey({ body: { ...body, name: 'n' }, key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    const { items } = await deps.table.query({ pk: 'STAFF#admin', limit: 10 })
    expect(JSON.stringify(items)).not.toContain(key)
  })

  it('201 with each scope once', async () => {
    const twice = { name: 'n', scopes: ['check', 'check'] }
    expect((await createApiKey({ body: twice })).body.scopes).toEqual(['check'])
    expect((await createApiKey({ body: { name: 'all', scopes } })).body.scopes).toEqual([...scopes])
  })

  it.each([
    { name: 'n', scopes: [] },
    { name: 'n', scopes: ['root'] },
    { name: '', scopes: ['check'] },
    { name: 'x'.repeat(101), scopes: ['check'] },
    { name: 'n', scopes: ['check'], key: 'mine' },
  ])('400 for %j', async (wrong) => {
    expect(await createApiKey({ body: wrong })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 forbidden for a login that is no staff', async () => {
    expect(await createApiKey({ body, subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
