import { SetupError } from '../setupError.ts'

/** Runs a command of one process: what its user can put right is one line, anything else shows where it happened. */
export function runCommand(command: () => Promise<void>): void {
  command().catch((error: unknown) => {
    const text = error instanceof SetupError ? error.message : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
  })
}

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
