import { checkPaystackDescription } from './paystackDescription.ts'
import { checkStripeTriggers } from './stripeTriggers.ts'
import { installTools } from './tools.ts'

/** `npm run test:providers`: the providers' own tools against the fakes. Exit code 1 when any check fails. */
async function main(): Promise<void> {
  const tools = await installTools()
  const checks = [...(await checkStripeTriggers(tools)), ...(await checkPaystackDescription(tools))]
  const failed = checks.filter(({ fault }) => fault !== undefined)
  process.stdout.write(`\n${checks.length - failed.length} of ${checks.length} checks hold.\n`)
  if (failed.length > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
