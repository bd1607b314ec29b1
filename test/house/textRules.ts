import { isCode, linesIn, type Source } from './sources.ts'

/** A rule over all files: a line for each breach, empty when it is kept. */
export type TextRule = (sources: readonly Source[]) => string[]

const mostLines = 400
const mostFunctionLines = 80

/** A file that is longer has two subjects, a test's too. A function has less room, by a rule of its own. */
export const smallFiles: TextRule = (sources) =>
  sources
    .filter(isCode)
    .filter(({ path }) => !path.startsWith('functions/'))
    .flatMap((source) => over(source, mostLines))

/** A function is load → decide → commit → answer, on one screen. */
export const functionsOnOneScreen: TextRule = (sources) =>
  functionFiles(sources).flatMap((source) => over(source, mostFunctionLines))

/** Nothing in a function file can be imported for its own sake. */
export const functionsExportTwo: TextRule = (sources) =>
  functionFiles(sources).flatMap((source) => {
    const exported = [
      ...source.text.matchAll(/^export (?:const|function|async function|class|type|interface)? ?(\w+|\{|\*)/gm),
    ]
      .map(([, name = '']) => name)
      .sort()
    return exported.join() === 'handler,run'
      ? []
      : [`${source.path} exports ${exported.join(', ') || 'nothing'} instead of run and handler`]
  })

const folders = /(^|\/)(utils?|helpers?|services|repositories|types|dtos?|common|misc|lib)\//

/** A helper belongs to the noun that it helps. */
export const foldersByNoun: TextRule = (sources) =>
  sources.filter(({ path }) => folders.test(path)).map(({ path }) => `${path} lies in a folder named by technical kind`)

const banned: [RegExp, string][] = [
  [/(: |as |<|\| )any\b(?! [a-z])|\bany\[\]/, '`any`'],
  [/\bconsole\./, '`console`: use the logger of the dependencies'],
  [/\.(skip|only|todo)\(/, 'a test that does not run'],
  [/\b(TO()DO|FIX()ME)\b/, 'work left for later'],
  [/from 'zod'|from "zod"|import \{ z \}/, "full zod: use `import * as z from 'zod/mini'`"],
]

/** Things that no file of ours may hold. */
export const nothingBanned: TextRule = (sources) =>
  sources
    .filter(isCode)
    .filter(({ path }) => !path.startsWith('test/house/'))
    .flatMap((source) => found(source, banned))

const effects: [RegExp, string][] = [
  [/\bDate\.now\b|new Date\(\)/, 'the time: ask `deps.clock`'],
  [/\bMath\.random\b/, 'chance: ask `deps.rng`'],
  [/\brandomUUID\b|\brandomBytes\b/, 'ids: ask `deps.ids`'],
  [/\bset(Timeout|Interval|Immediate)\(/, 'timers: ask `deps.wait`'],
  [/\bfetch\(/, 'the network: that is a gateway’s business'],
  [/\bprocess\.env\b/, 'the environment: that is an adapter’s business'],
]

/** The files that turn the outside into dependencies; `log.ts` and `metric.ts` stamp what CloudWatch reads, `getHealth` shows the build. */
const adapters = new Set([
  'shared/runtime/live.ts',
  'shared/runtime/log.ts',
  'shared/runtime/metric.ts',
  'shared/gateways/queues.ts',
  // The deadline of a call to a provider, and the one client that is on `fetch`.
  'shared/gateways/deadline.ts',
  'shared/gateways/paystackTransport.ts',
  // The nonces of the seal: a seal with a known one would be none.
  'shared/gateways/seal.ts',
  'functions/operation/getHealth.ts',
])

/** Whatever has an effect comes in as a dependency, so that the simulator can run the same code. */
export const effectsComeIn: TextRule = (sources) =>
  sources
    .filter(isCode)
    .filter(({ path }) => (path.startsWith('shared/') || path.startsWith('functions/')) && !adapters.has(path))
    .flatMap((source) => found(source, effects))

const functionFiles = (sources: readonly Source[]) =>
  sources.filter((source) => isCode(source) && source.path.startsWith('functions/'))

const over = (source: Source, most: number): string[] =>
  linesIn(source) > most ? [`${source.path} has ${linesIn(source)} lines of ${most}`] : []

/** The first breach of each pattern. Lines of a comment speak of things without using them. */
function found({ path, text }: Source, patterns: [RegExp, string][]): string[] {
  const lines = text.split('\n')
  return patterns.flatMap(([pattern, why]) => {
    const at = lines.findIndex(
      (line) => pattern.test(line) && (!/^\s*(\/?\*|\/\/)/.test(line) || why.startsWith('work')),
    )
    return at < 0 ? [] : [`${path}:${at + 1} has ${why}`]
  })
}
