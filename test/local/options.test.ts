import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadCatalogue } from '#local/catalogue'
import { defaultPort, parseOptions } from '#local/options'
import { SetupError } from '#local/setupError'
import { assertFree } from '#local/stack'

const folder = mkdtempSync(join(tmpdir(), 'faregate-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the command line of npm start', () => {
  it('has defaults', () => {
    expect(parseOptions([])).toEqual({
      catalogue: 'resume-ats',
      port: defaultPort,
      empty: false,
      json: false,
      help: false,
    })
  })

  it('reads every option', () => {
    const options = parseOptions([
      '--catalogue',
      'x',
      '--port',
      '0',
      '--data',
      '/d',
      '--empty',
      '--json',
      '--now',
      '2026-01-31T00:00:00Z',
    ])
    expect(options).toMatchObject({
      catalogue: 'x',
      port: 0,
      dataDirectory: '/d',
      empty: true,
      json: true,
      startMs: Date.parse('2026-01-31T00:00:00Z'),
    })
  })

  it('leaves room above the port for the issuer, the three providers and their checkout', () => {
    expect(parseOptions(['--port', '65530']).port).toBe(65_530)
  })

  it.each([
    [['--colour', 'red'], /--colour/],
    [['red'], /red/],
    [['--port', '65531'], /0 to 65530/],
    [['--port', '-1'], /--port/],
    [['--port', '4e3'], /0 to 65530/],
    [['--now', '2026-01-31'], /2026-01-31T00:00:00Z/],
    [['--now', '2026-13-31T00:00:00Z'], /2026-01-31T00:00:00Z/],
    [['--port'], /--port/],
  ])('%j is refused in one line', (argv, message) => {
    const start = () => parseOptions(argv)
    expect(start).toThrow(SetupError)
    expect(start).toThrow(message)
    expect(start).not.toThrow(/\n/)
  })
})

describe('what stands in the way of a start is one line with the fix', () => {
  it('a taken port', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address && typeof address === 'object' ? address.port : 0
    await expect(assertFree(port)).rejects.toThrow(
      new RegExp(`^Port ${port} is taken .*npm start -- --port ${port + 10}$`),
    )
    await new Promise((resolve) => server.close(resolve))
    await expect(assertFree(port)).resolves.toBeUndefined()
  })

  it.each([
    ['a name that does not exist', () => 'nope', /^There is no catalogue nope\. .*resume-ats/],
    ['a path that does not exist', () => join(folder, 'none.json'), /^There is no catalogue .*none\.json/],
    ['no JSON', () => file('broken.json', '{\n,'), /^The catalogue .*broken\.json is not JSON: /],
    ['no catalogue', () => file('empty.json', '{}'), /^The catalogue .*empty\.json is not valid: name .*more\)\. Mend/],
  ])('a catalogue: %s', (_, path, message) => {
    const load = () => loadCatalogue(path())
    expect(load).toThrow(message)
    expect(load).not.toThrow(/\n/)
  })
})
