import { afterAll, describe, expect, it } from 'vitest'
import { run as authorize } from '#functions/accounts/authorizeKey'
import { hashOfKey } from '#table/apiKeys'
import { auditRows, callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const { createApiKey, listApiKeys, revokeApiKey } = callsOf(deps)

const made = async () => (await createApiKey({ body: { name: 'n', scopes: ['check'] } })).body

describe('revokeApiKey', () => {
  it('204 the key no longer lets anybody in, and an audit entry says who did it', async () => {
    const { id, key = '' } = await made()
    expect(await authorize(hashOfKey(key), deps)).toMatchObject({ keyId: id })
    const answer = await revokeApiKey({ params: { keyId: id }, headers: { 'x-request-id': 'req-gone' } })
    expect(answer).toMatchObject({ status: 204, body: '' })
    expect(await authorize(hashOfKey(key), deps)).toBeUndefined()
    expect((await listApiKeys()).body.data.find((one) => one.id === id)?.revokedAt).toEqual(expect.any(String))
    expect(await auditRows(deps, 'req-gone')).toMatchObject([{ action: 'revokeApiKey', entityId: id }])
  })

  it('204 twice: the first time stays, and there is one audit entry', async () => {
    const { id } = await made()
    const revokedAt = async () => (await listApiKeys()).body.data.find((one) => one.id === id)?.revokedAt
    const asked = { params: { keyId: id }, headers: { 'x-request-id': 'req-twice' } }
    await revokeApiKey(asked)
    const first = await revokedAt()
    deps.clock.passReal(5_000)
    expect((await revokeApiKey(asked)).status).toBe(204)
    expect(await revokedAt()).toBe(first)
    expect(await auditRows(deps, 'req-twice')).toHaveLength(1)
  })

  it('404 for a key that is not; 400 for what is no key id', async () => {
    expect(await revokeApiKey({ params: { keyId: strangerId('key') } })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
    expect(await revokeApiKey({ params: { keyId: 'key_1' } })).toMatchObject({ status: 400 })
  })

  it('403 forbidden for a login that is no staff, and the key goes on', async () => {
    const { id, key = '' } = await made()
    expect(await revokeApiKey({ params: { keyId: id }, subject: 'somebody' })).toMatchObject({ status: 403 })
    expect(await authorize(hashOfKey(key), deps)).toMatchObject({ keyId: id })
  })
})
