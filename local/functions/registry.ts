import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { FunctionModel } from '../template/model.ts'
import { type Endpoints, environmentOf } from './environment.ts'
import { createPool, type FunctionPool, type Outcome } from './pool.ts'

/** Every function of the stack by name. */
export interface Functions {
  invoke(name: string, event: unknown): Promise<Outcome>
  stop(): Promise<void>
}

/** Pools are made at the first event; each function's lines go to `<logs>/<function>.log`. */
export function createFunctions(models: Record<string, FunctionModel>, endpoints: Endpoints, logs: string): Functions {
  mkdirSync(logs, { recursive: true })
  const pools = new Map<string, FunctionPool>()
  const files: WriteStream[] = []

  const poolOf = (name: string): FunctionPool => {
    const known = pools.get(name)
    if (known) return known
    const model = models[name]
    if (!model) throw new Error(`no function ${name} in the template`)
    const file = createWriteStream(join(logs, `${name}.log`), { flags: 'a' })
    files.push(file)
    const pool = createPool(model, {
      environment: environmentOf(model, endpoints),
      onLine: (line) => file.write(`${line}\n`),
    })
    pools.set(name, pool)
    return pool
  }

  return {
    invoke: async (name, event) => poolOf(name).invoke(event),
    stop: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.stop()))
      await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(resolve))))
    },
  }
}

export type Failure = Exclude<Outcome, { kind: 'answer' }>

/** A failed invocation in one line, for whoever has to report it. */
export function failureOf(outcome: Failure): string {
  if (outcome.kind === 'error') return `${outcome.error.errorType}: ${outcome.error.errorMessage}`
  return outcome.kind === 'crash' ? `crash: ${outcome.reason}` : outcome.kind
}
