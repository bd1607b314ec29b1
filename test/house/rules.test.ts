import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { type HttpOperation, http, type Operation } from '#operations/definition'
import * as operationRules from './operationRules.ts'
import type { Source } from './sources.ts'
import * as textRules from './textRules.ts'

/** Each rule must catch what it is there for: a planted breach, and nothing in its sound twin. */

const file = (path: string, text = ''): Source => ({ path, text })
const sound = 'export const run = 1\nexport const handler = 2\n'

const texts: [keyof typeof textRules, Source, Source][] = [
  ['smallFiles', file('shared/domain/a.ts', 'x\n'.repeat(401)), file('shared/domain/a.ts', 'x\n'.repeat(400))],
  ['smallFiles', file('test/domain/a.test.ts', 'x\n'.repeat(401)), file('functions/a/b.ts', 'x\n'.repeat(401))],
  ['functionsOnOneScreen', file('functions/a/b.ts', 'x\n'.repeat(81)), file('functions/a/b.ts', 'x\n'.repeat(80))],
  ['functionsExportTwo', file('functions/a/b.ts', `${sound}export const extra = 3\n`), file('functions/a/b.ts', sound)],
  ['functionsExportTwo', file('functions/a/b.ts', 'export const run = 1\n'), file('functions/a/b.ts', sound)],
  ['functionsExportTwo', file('functions/a/b.ts', `${sound}export * from './c.ts'\n`), file('functions/a/b.ts', sound)],
  ['foldersByNoun', file('shared/utils/a.ts'), file('shared/usage/a.ts')],
  ['foldersByNoun', file('local/helpers/a.ts'), file('local/help.ts')],
  ['nothingBanned', file('shared/a.ts', 'const a: any = 1'), file('shared/a.ts', '/** takes: any of these */')],
  ['nothingBanned', file('shared/a.ts', 'const a = b as any'), file('shared/a.ts', "const a = 'many'")],
  ['nothingBanned', file('shared/a.ts', 'console.log(1)'), file('shared/a.ts', 'log.info(1)')],
  ['nothingBanned', file('test/a.ts', "it.only('x', f)"), file('test/a.ts', "it('x', f)")],
  ['nothingBanned', file('test/a.ts', "describe.skip('x', f)"), file('test/a.ts', 'skipped(1)')],
  ['nothingBanned', file('shared/a.ts', `// ${'TO'}DO later`), file('shared/a.ts', '// done')],
  [
    'nothingBanned',
    file('shared/a.ts', "import { z } from 'zod'"),
    file('shared/a.ts', "import * as z from 'zod/mini'"),
  ],
  ['effectsComeIn', file('shared/domain/a.ts', 'const now = Date.now()'), file('local/a.ts', 'const now = Date.now()')],
  ['effectsComeIn', file('functions/a/b.ts', 'const id = randomUUID()'), file('functions/a/b.ts', 'ids.random()')],
  ['effectsComeIn', file('shared/runtime/a.ts', 'await fetch(url)'), file('shared/runtime/a.ts', 'prefetch(url)')],
  [
    'effectsComeIn',
    file('shared/runtime/a.ts', 'setTimeout(f, 1)'),
    file('shared/runtime/live.ts', 'setTimeout(f, 1)'),
  ],
]

describe('rules on text', () => {
  it.each(texts)('%s catches its breach (%#)', (name, breach, twin) => {
    expect(textRules[name]([breach])).toHaveLength(1)
    expect(textRules[name]([twin])).toEqual([])
  })

  it('are all tried here', () => {
    expect([...new Set(texts.map(([name]) => name))].sort()).toEqual(Object.keys(textRules).sort())
  })
})

const thing = http({
  id: 'makeThing',
  area: 'usage',
  summary: 'Make a thing of the given size.',
  ifItFails: 'Nobody gets a thing.',
  routes: ['POST /v1/accounts/{accountId}/things'],
  scope: 'usage:write',
  body: z.strictObject({ size: z.int() }),
  success: 201,
  output: z.object({ id: z.string() }),
  idempotency: 'guard',
  errors: ['invalid_signature', 'payment_required', 'forbidden', 'not_found', 'conflict', 'idempotency_in_progress'],
  grants: { table: 'readWrite' },
})
const other = (change: Partial<HttpOperation>): HttpOperation => ({ ...(thing as unknown as HttpOperation), ...change })
const event = (body: unknown, routeKey: string = thing.routes[0] ?? '') =>
  file('events/usage-makeThing.json', JSON.stringify({ routeKey, rawPath: '/', body: JSON.stringify(body) }))
const whole = [
  file('functions/usage/makeThing.ts'),
  file('test/functions/usage/makeThing.test.ts'),
  event({ size: 1 }),
  file('docs/runbook.md', '### makeThing\n'),
]
const without = (index: number) => whole.filter((_file, at) => at !== index)

const operationCases: [keyof typeof operationRules, Operation[], Source[], string][] = [
  ['operationsAreWhole', [other({})], without(0), 'makeThing has no function'],
  ['operationsAreWhole', [other({})], without(1), 'makeThing has no test'],
  ['operationsAreWhole', [other({})], without(2), 'makeThing has no sample event'],
  ['operationsAreWhole', [other({})], without(3), 'makeThing is not in docs/runbook.md'],
  [
    'nothingIsOrphaned',
    [other({})],
    [...whole, file('functions/usage/oldThing.ts')],
    'oldThing.ts belongs to no operation',
  ],
  ['idsAreVerbNoun', [other({ id: 'Thing_make' })], [], 'is not verbNoun'],
  ['idsAreVerbNoun', [other({ id: 'make' })], [], 'is not verbNoun'],
  ['lossesAreSentences', [other({ ifItFails: 'outage' })], [], 'ifItFails is not a sentence'],
  ['lossesAreSentences', [other({ summary: 'things' })], [], 'summary is not a sentence'],
  [
    'routesAreFew',
    [other({ routes: Array.from({ length: 281 }, (_, n) => `GET /v1/things${n}` as const) })],
    [],
    '281 routes of 280',
  ],
  ['routesAreFew', [other({ routes: ['GET /v1/a/{b}', 'GET /v1/a/{c}'] })], [], 'stands twice'],
  ['postsAreIdempotent', [other({ idempotency: 'natural' })], [], 'without a guard'],
  ['readsOnlyRead', [other({ routes: ['GET /v1/accounts/{accountId}/things'] })], [], 'a GET that may write'],
  ['scopesStandWithServers', [other({ routes: ['POST /v1/me/things'] })], [], 'a scope and no server route'],
  ['scopesStandWithServers', [other({ scope: undefined as unknown as 'check' })], [], 'a server route and no scope'],
  ['codesArePages', [], [file('docs/errors/no_code.md')], 'docs/errors/no_code.md is the page of no code'],
  ['codesArePages', [], [], 'conflict has no page'],
  ['codesArePages', [], [], 'conflict is declared by no operation'],
  ['samplesParse', [other({})], [event({ size: 'large' })], 'its body do not parse'],
  ['samplesParse', [other({})], [event({ size: 1 }, 'GET /elsewhere')], 'is not its route'],
]

describe('rules on operations', () => {
  it.each(operationCases)('%s catches its breach (%#)', (name, operations, sources, said) => {
    expect(operationRules[name](operations, sources).join('\n')).toContain(said)
  })

  it.each(Object.entries(operationRules).filter(([name]) => name !== 'codesArePages'))(
    '%s leaves a sound operation alone',
    (_name, rule) => {
      expect(rule([other({})], whole)).toEqual([])
    },
  )

  it('are all tried here', () => {
    expect([...new Set(operationCases.map(([name]) => name))].sort()).toEqual(Object.keys(operationRules).sort())
  })
})
