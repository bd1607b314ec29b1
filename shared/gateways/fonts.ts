import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

export interface FontFile {
  /** As imported: `@fontsource/inter/files/inter-<script>-<weight>-normal.woff`. */
  name: string
  bytes: Uint8Array
}

/**
 * Inter (SIL Open Font License 1.1), cut by script; each weight is a list of files, and a character is drawn with the first
 * that has it. `latin` has $ £ €; `latin-ext` has ₹ ₦ ₵. WOFF rather than WOFF2: zlib opens it.
 */
const fontFileNames = [
  '@fontsource/inter/files/inter-latin-400-normal.woff',
  '@fontsource/inter/files/inter-latin-ext-400-normal.woff',
  '@fontsource/inter/files/inter-vietnamese-400-normal.woff',
  '@fontsource/inter/files/inter-greek-400-normal.woff',
  '@fontsource/inter/files/inter-cyrillic-400-normal.woff',
  '@fontsource/inter/files/inter-cyrillic-ext-400-normal.woff',
  '@fontsource/inter/files/inter-latin-600-normal.woff',
  '@fontsource/inter/files/inter-latin-ext-600-normal.woff',
  '@fontsource/inter/files/inter-vietnamese-600-normal.woff',
  '@fontsource/inter/files/inter-greek-600-normal.woff',
  '@fontsource/inter/files/inter-cyrillic-600-normal.woff',
  '@fontsource/inter/files/inter-cyrillic-ext-600-normal.woff',
]

/** The files from `node_modules`; in a bundle `infra/fontFiles.ts` puts what is embedded in this module's place. */
export function loadFonts(): Promise<FontFile[]> {
  const require = createRequire(import.meta.url)
  return Promise.all(fontFileNames.map(async (name) => ({ name, bytes: await readFile(require.resolve(name)) })))
}
