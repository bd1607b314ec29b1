import { relative } from 'node:path'
import type { Catalogue } from '#domain/catalogue'
import { buildAssembly, root } from './build.ts'
import { loadCatalogue, publish } from './catalogue.ts'
import { type Demo, fillStack } from './demo.ts'
import { parseOptions, type StartOptions, usage } from './options.ts'
import { localSettings, storeSettings } from './paymentSetting.ts'
import { showSteps } from './progress.ts'
import { providerNames } from './providers/fake.ts'
import { type Announcement, announce, withdraw } from './running.ts'
import { SetupError } from './setupError.ts'
import { assertFree, type RunningStack, type StackOptions, type Step, startStack } from './stack.ts'

/** What tests and benchmarks may choose; everything has a default. */
export interface LocalStackOptions {
  catalogue?: string
  port?: number
  dataDirectory?: string
  empty?: boolean
  startMs?: number
  /** Default: nothing is shown. */
  step?: Step
  /** Folder of the functions' logs. */
  logs?: string
}

export interface LocalStack extends RunningStack, Demo {
  /** The name of the catalogue in force. */
  catalogue: string
}

/**
 * Builds the deployable stack (or takes it from the cache), runs it on embedded engines, publishes a catalogue and makes
 * logins and demo accounts. Throws `SetupError` for what the caller can put right.
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const step: Step = options.step ?? ((_, work) => work())
  const catalogue = loadCatalogue(options.catalogue ?? 'resume-ats')
  // Before the work, not after it.
  await assertFree(options.port ?? 0)
  const assembly = await buildAssembly(step)
  const endpoint = process.env['DYNAMODB_ENDPOINT']
  const stackOptions: StackOptions = {
    assembly,
    logs: options.logs ?? `${root}/.faregate/logs`,
    port: options.port ?? 0,
    step,
    ...(options.dataDirectory ? { dataDirectory: options.dataDirectory } : {}),
    ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
    ...(endpoint ? { dynamodbEndpoint: endpoint } : {}),
  }
  const stack = await startStack(stackOptions)
  try {
    return await fill(stack, catalogue, !options.empty, step)
  } catch (error) {
    await stack.stop()
    throw error
  }
}

async function fill(stack: RunningStack, catalogue: Catalogue, withAccounts: boolean, step: Step): Promise<LocalStack> {
  await step(`publishing the catalogue ${catalogue.name}`, async () => {
    const now = await stack.now()
    await publish(stack.table, catalogue, now)
    await storeSettings(stack.table, localSettings(catalogue, stack.payments.checkout.returnUrl), now)
  })
  const demo = await step(withAccounts ? 'making logins and demo accounts' : 'making logins', () =>
    fillStack(stack, catalogue, withAccounts),
  )
  return { ...stack, ...demo, catalogue: catalogue.name }
}

/** What `.faregate/local.json` and `--json` say of a stack. */
export const announcementOf = (stack: LocalStack): Announcement => ({
  apiUrl: stack.apiUrl,
  authUrl: stack.authUrl,
  apiKey: stack.apiKey,
  adminToken: stack.adminToken,
  customers: stack.customers,
  checkoutUrl: stack.payments.checkout.url,
  catalogue: stack.catalogue,
  logs: stack.logs,
  tableName: stack.tableName,
  dynamodbUrl: stack.dynamodbUrl,
  sqsUrl: stack.sqsUrl,
  secretsUrl: stack.secretsUrl,
  queues: stack.queues,
  providers: stack.payments.providers,
  webhookSecrets: stack.payments.webhookSecrets,
})

function welcome(stack: LocalStack, seconds: number): string {
  const lines = [
    '',
    `Faregate is ready after ${seconds.toFixed(1)} s. Ctrl-C stops it.`,
    '',
    `  API        ${stack.apiUrl}`,
    `  issuer     ${stack.authUrl}   (POST /token {"sub": "…"} answers {"token"})`,
    `  catalogue  ${stack.catalogue}`,
    `  API key    ${stack.apiKey}`,
    `  staff      demo-admin; its token is adminToken in .faregate/local.json`,
    ...stack.customers.map(({ accountId }) => `  account    ${accountId}`),
    ...providerNames.map((name) => `  ${name.padEnd(9)}  ${stack.payments.providers[name]}   (a stand-in)`),
    `  checkout   ${stack.payments.checkout.url}   (takes the answer of POST /checkout; npm run trigger sends webhooks)`,
    `  logs       ${relative(process.cwd(), stack.logs) || '.'} (npm run logs)`,
  ]
  if (stack.tryout) {
    lines.push(
      '',
      'Try it: may this account do this, and take it off if so?',
      '',
      `curl -s ${stack.apiUrl}/v1/accounts/${stack.tryout.accountId}/check \\`,
      `  -H 'authorization: Bearer ${stack.apiKey}' -H 'content-type: application/json' \\`,
      `  -d '{"feature": "${stack.tryout.feature}", "consume": true}'`,
    )
  }
  return `${lines.join('\n')}\n\n`
}

function startOptions(options: StartOptions): LocalStackOptions {
  const { catalogue, port, empty, dataDirectory, startMs } = options
  return {
    catalogue,
    port,
    empty,
    step: showSteps,
    ...(dataDirectory ? { dataDirectory } : {}),
    ...(startMs === undefined ? {} : { startMs }),
  }
}

/** Stopping waits for events in work, mostly under a second. Longer than this the process ends all the same, and the engine with it. */
const stopPatienceMs = 10_000

async function main(): Promise<void> {
  // A Lambda's zone, whatever this machine's is: threads read it from their process.
  process.env['TZ'] = 'UTC'
  // Requests wait in line for the first worker; a start that fails must still end, so signals count from the beginning.
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const began = performance.now()
  const starting = startLocalStack(startOptions(options))
  const stack = await Promise.race([starting, interrupted])
  if (!stack) {
    await starting.then(
      (late) => late.stop(),
      () => undefined,
    )
    return
  }
  const announcement = announcementOf(stack)
  announce(announcement)
  process.stdout.write(
    options.json ? `${JSON.stringify(announcement)}\n` : welcome(stack, (performance.now() - began) / 1000),
  )
  await interrupted
  withdraw(announcement)
  process.stderr.write('stopping …\n')
  setTimeout(() => process.exit(0), stopPatienceMs).unref()
  await stack.stop()
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    const text = error instanceof SetupError ? error.message : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
  })
}
