import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of ours: its path from the checkout, with `/`, and its text. */
export interface Source {
  path: string
  text: string
}

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
const rooms = ['infra', 'functions', 'shared', 'local', 'bench', 'test', 'events', 'docs']

/** Every file of the rooms. Golden files are written by a program and answer to it. */
export function allSources(): Source[] {
  return rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|json|md)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
      .filter(({ path }) => !path.startsWith('test/golden/')),
  )
}

export const isCode = ({ path }: Source): boolean => path.endsWith('.ts')
export const linesIn = ({ text }: Source): number => text.split('\n').length - 1
