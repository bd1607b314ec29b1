import type { Step } from './stack.ts'

/** A sign of life for whoever waits. */
const dotEveryMs = 2_000

/**
 * Shows each step when it starts, a dot every two seconds, and its time when it ends: on standard error, so that `--json`
 * alone fills standard output.
 */
export const showSteps: Step = async (title, work) => {
  const start = performance.now()
  process.stderr.write(`  ${title} …`)
  const dots = setInterval(() => process.stderr.write('.'), dotEveryMs)
  try {
    const result = await work()
    process.stderr.write(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
    return result
  } catch (error) {
    process.stderr.write(' failed\n')
    throw error
  } finally {
    clearInterval(dots)
  }
}
