import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningStack, type StackOptions, startStack } from '#local/stack'
import { fixtureTemplates, writeAssembly } from './fixture/assembly.ts'

/** Hears what the fixture's functions report. */
export interface Ear {
  url: string
  heard: unknown[]
  /** Waits until `count` reports pass the test; fails with what was heard instead. */
  until(test: (report: Record<string, unknown>) => boolean, count?: number): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

const patienceMs = 10_000

export async function listenForReports(): Promise<Ear> {
  const heard: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  const hear = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = ''
    for await (const chunk of message) text += String(chunk)
    heard.push(JSON.parse(text))
    response.end()
    for (const check of waiting) check()
  }
  const server = createServer((message, response) => void hear(message, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    until: (test, count = 1) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = heard.filter(test)
          if (found.length < count) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(found)
        }
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`heard only ${JSON.stringify(heard)}`))
        }, patienceMs)
        waiting.add(check)
        check()
      }),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface Fixture {
  stack: RunningStack
  ear: Ear
  stop(): Promise<void>
}

/** The fixture's stack on the real engines. */
export async function startFixture(options: Partial<StackOptions> = {}): Promise<Fixture> {
  const ear = await listenForReports()
  const assembly = writeAssembly(fixtureTemplates(ear.url))
  const logs = mkdtempSync(join(tmpdir(), 'faregate-logs-'))
  const stack = await startStack({ assembly, logs, ...options })
  return {
    stack,
    ear,
    stop: async () => {
      await stack.stop()
      await ear.stop()
      for (const folder of [assembly, logs]) rmSync(folder, { recursive: true, force: true })
    },
  }
}
