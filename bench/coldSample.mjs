/*
 * One cold start: `node coldSample.mjs <module> <event file>`. Plain JavaScript, so that nothing is loaded before the
 * clock starts. The figures go to file descriptor 3: standard output belongs to the function's log.
 */
import { readFileSync, writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [module = '', eventFile = ''] = process.argv.slice(2)
const event = JSON.parse(readFileSync(eventFile, 'utf8'))
const context = { awsRequestId: 'bench', functionName: 'bench', getRemainingTimeInMillis: () => 10_000 }

const before = process.cpuUsage()
const startedAt = performance.now()
const { handler } = await import(pathToFileURL(module).href)
const loadedAt = performance.now()
const answer = await handler(event, context)
const answeredAt = performance.now()
const { user, system } = process.cpuUsage(before)
const times = { loadMs: loadedAt - startedAt, firstMs: answeredAt - loadedAt, processorMs: (user + system) / 1000 }

writeSync(3, JSON.stringify({ ...times, answer: answer ?? null }))
process.exit(0)
