import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { type CommandStep, root, steps } from './checkSteps.ts'

// `npm run check`: every step, as many at a time as there are cores; a line for each, and the output of those that fail.

interface Outcome {
  passed: boolean
  output: string
  seconds: number
}

/** A step that hangs must not hang the check. */
const longestSeconds = 180

const environment = {
  ...process.env,
  NO_COLOR: '1',
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
}

function runStep({ command, args, doubt }: CommandStep): Promise<Outcome> {
  const start = performance.now()
  return new Promise((resolve) => {
    const output: string[] = []
    const child = spawn(command, args, { cwd: root, env: environment, timeout: longestSeconds * 1000 })
    const end = (passed: boolean, more = '') =>
      resolve({ passed, output: output.join('') + more, seconds: (performance.now() - start) / 1000 })
    child.stdout.on('data', (chunk) => output.push(String(chunk)))
    child.stderr.on('data', (chunk) => output.push(String(chunk)))
    child.on('error', (error) => end(false, `${error.message}\n`))
    child.on('close', (code, signal) => {
      const why = code === 0 ? doubt?.(output.join('')) : `ended with ${code ?? signal}`
      end(why === undefined, why === undefined ? '' : `${why}\n`)
    })
  })
}

const say = (line: string) => process.stdout.write(`${line}\n`)
const waiting = [...steps]
const failed: string[] = []

async function work(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const { passed, output, seconds } = await runStep(step)
    say(`${passed ? 'passed' : 'FAILED'}  ${seconds.toFixed(1).padStart(5)} s  ${step.name}`)
    if (passed) continue
    failed.push(step.name)
    say(output.trimEnd().replaceAll(/^/gm, '    '))
  }
}

const start = performance.now()
await Promise.all(Array.from({ length: availableParallelism() }, work))
const seconds = ((performance.now() - start) / 1000).toFixed(1)
say(`check: ${steps.length - failed.length} passed, ${failed.length} failed in ${seconds} s`)
process.exitCode = failed.length > 0 ? 1 : 0
