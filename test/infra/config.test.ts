import { describe, expect, it } from 'vitest'
import { parseConfig } from '#infra/config'
import { limitsOf } from '#infra/limits'
import { Names } from '#infra/names'
import { getHealth } from '#operations/operation'

describe('the deployment’s context', () => {
  it('needs nothing for a test deployment', () => {
    expect(parseConfig({})).toEqual({ name: 'faregate', mode: 'test', origins: [] })
  })

  it('takes lists as the command line passes them', () => {
    const config = parseConfig({
      mode: 'live',
      issuer: 'https://id.example.com/',
      audience: 'app,portal',
      origins: 'https://a.example.com,https://b.example.com',
    })
    expect(config.audience).toEqual(['app', 'portal'])
    expect(config.origins).toEqual(['https://a.example.com', 'https://b.example.com'])
  })

  const refused: [string, Record<string, unknown>, string][] = [
    ['a mode that is neither test nor live', { mode: 'prod' }, 'mode'],
    ['an issuer without an audience', { issuer: 'https://id.example.com' }, 'issuer and audience go together'],
    ['an audience without an issuer', { audience: 'app' }, 'issuer and audience go together'],
    ['an origin of everything', { origins: '*' }, 'origins'],
    ['an origin with a wildcard', { origins: 'https://*.example.com' }, 'origins'],
    ['a mail address that is none', { alarmEmail: 'ops' }, 'alarmEmail'],
    ['a name that AWS would refuse', { name: 'Fare Gate' }, 'name'],
  ]
  it.each(refused)('refuses %s', (_case, given, named) => {
    expect(() => parseConfig(given)).toThrow(named)
  })
})

describe('limits', () => {
  it.each([
    [29, true],
    [30, false],
  ])('an HTTP operation of %i s is taken: %s', (timeoutSeconds, taken) => {
    const make = () => limitsOf({ ...getHealth, limits: { timeoutSeconds } })
    if (taken) expect(make().timeoutSeconds).toBe(timeoutSeconds)
    else expect(make).toThrow('getHealth: API Gateway ends a call after 29 s')
  })

  it.each([
    [49, true],
    [50, false],
  ])('a function’s name with an id of %i characters fits: %s', (length, fits) => {
    const make = () => new Names({ name: 'faregate', mode: 'test' }).function('x'.repeat(length + 1))
    if (fits) expect(make()).toHaveLength(64)
    else expect(make).toThrow('64 characters')
  })
})
