import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { HttpOperation } from '#operations/definition'
import { openapiDocument } from '#operations/openapi/document'
import { handleHttp } from '#runtime/http'
import type { Run } from '#runtime/run'
import { callsOf } from '#test/support/calls'
import { eventOf, testDeps } from '#test/support/deps'
import { functionsExportTwo } from './textRules.ts'

/** The worked example of CONTRIBUTING.md is taken from the page and run: an example that does not work is worse than none. */
const text = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8')
const partOf = (name: string): string => new RegExp(`\`\`\`ts ${name}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? ''

let directory = ''
const deps = await testDeps()
beforeAll(async () => {
  // Inside the checkout, so that its imports resolve.
  const scratch = join(import.meta.dirname, '..', '..', '.faregate')
  await mkdir(scratch, { recursive: true })
  directory = await mkdtemp(join(scratch, 'example-'))
  for (const name of ['definition', 'function']) await writeFile(join(directory, `${name}.ts`), partOf(name))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await deps.stop()
})

it('the example of CONTRIBUTING.md does what its own test says', async () => {
  const { getTimeZone } = (await import(join(directory, 'definition.ts'))) as { getTimeZone: HttpOperation }
  const { run } = (await import(join(directory, 'function.ts'))) as { run: Run<HttpOperation> }
  expect(Object.keys(openapiDocument([getTimeZone]).paths)).toHaveLength(2)
  await callsOf(deps).putAccount({ account: 'lagos', body: { email: 'a@example.com', timeZone: 'Africa/Lagos' } })
  const ask = async (as: 'customer' | 'server', account: string) => {
    const { statusCode, body } = await handleHttp(getTimeZone, run, deps, eventOf(getTimeZone, { as, account }))
    return { statusCode, timeZone: JSON.parse(body).timeZone }
  }
  expect(await ask('customer', 'new')).toEqual({ statusCode: 200, timeZone: 'UTC' })
  expect(await ask('server', 'lagos')).toEqual({ statusCode: 200, timeZone: 'Africa/Lagos' })
  expect((await ask('server', 'nobody')).statusCode).toBe(404)
})

it('the example of CONTRIBUTING.md keeps the rule for function files, and has a test', () => {
  expect(functionsExportTwo([{ path: 'functions/accounts/getTimeZone.ts', text: partOf('function') }])).toEqual([])
  for (const outcome of ['200', '404']) expect(partOf('test')).toContain(`it('${outcome} `)
})
