import { readFileSync, writeFileSync } from 'node:fs'
import { keyLines } from './goldenKeys.ts'
import { permissionLines } from './goldenPermissions.ts'
import { routeLines } from './goldenRoutes.ts'
import { openapiText } from './openapi.ts'

/** What a reviewer should see change in a diff: file name under `test/golden` → its producer. */
export const goldens: Record<string, () => Promise<string> | string> = {
  'openapi.json': openapiText,
  'routes.txt': () => textOf(routeLines()),
  'keys.txt': () => textOf(keyLines()),
  'permissions.txt': async () => textOf(await permissionLines()),
}

/** Makes them new; what differs from the file stands in it. */
export async function staleGoldens(): Promise<string[]> {
  const stale: string[] = []
  for (const [name, produce] of Object.entries(goldens)) if ((await produce()) !== held(name)) stale.push(name)
  return stale
}

const pathOf = (name: string) => new URL(`../golden/${name}`, import.meta.url)
const textOf = (lines: string[]) => `${lines.join('\n')}\n`

/** Undefined: there is none yet. */
function held(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    for (const [name, produce] of Object.entries(goldens)) writeFileSync(pathOf(name), await produce())
  } else {
    const stale = await staleGoldens()
    process.stdout.write(
      stale.length > 0 ? `stale: ${stale.join(', ')}; write them with: npm run goldens\n` : 'fresh\n',
    )
    process.exitCode = stale.length > 0 ? 1 : 0
  }
}
