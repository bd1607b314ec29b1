/** One thing that was tried with a provider's own tool. */
export interface Check {
  name: string
  /** What went wrong, in one line; undefined: nothing. */
  fault?: string
}

/** Runs one check and shows its line at once. @returns whether it held. */
export async function check(name: string, run: () => Promise<string | undefined>): Promise<Check> {
  const startedAt = performance.now()
  const fault = await run().catch((error: unknown) => oneLine(error instanceof Error ? error.message : String(error)))
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`${fault === undefined ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)${fault ? `: ${fault}` : ''}\n`)
  return { name, ...(fault !== undefined && { fault }) }
}

const longestFault = 600
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, longestFault)
