import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '#infra/app'
import { permissionsOf } from '#infra/assembly'

/** What each role of the live deployment allows. Templates only: the code of the functions does not matter here. */
export async function permissionLines(): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'faregate-permissions-'))
  try {
    const code = join(directory, 'code')
    await mkdir(code)
    await writeFile(join(code, 'index.mjs'), 'export const handler = async () => ({})\n')
    const { assembly } = buildApp({
      mode: 'live',
      issuer: 'https://id.example.com/',
      audience: ['app'],
      outdir: join(directory, 'out'),
      codeDirectoryOf: () => code,
      checked: false,
    })
    return permissionsOf(assembly)
  } finally {
    await rm(directory, { recursive: true })
  }
}
