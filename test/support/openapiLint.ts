import { createConfig, lintFromString } from '@redocly/openapi-core'

/** What Redocly's recommended rules say of a document; empty when they are content. Needs no network. */
export async function lintOpenapi(text: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config })
  return problems
    .filter(({ ignored }) => !ignored)
    .map(
      ({ severity, ruleId, message, location }) => `${severity} ${ruleId}: ${message} (${location[0]?.pointer ?? ''})`,
    )
}

if (import.meta.main) {
  const { openapiText } = await import('./openapi.ts')
  const faults = await lintOpenapi(openapiText())
  process.stdout.write(faults.map((fault) => `${fault}\n`).join(''))
  process.exitCode = faults.length > 0 ? 1 : 0
}
