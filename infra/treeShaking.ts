import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import ts from 'typescript'

/**
 * Makes our constants tree-shakable. A definition is a top-level call (`http({…})`, `z.strictObject({…}).check(…)`), and
 * esbuild must assume that a call has effects, so one operation of an area would bring all of its area along. Under
 * `shared/` a top-level constant has no effect beyond its value; this plugin says so to esbuild.
 */
export function pureConstants(root: string): Plugin {
  const shared = join(root, 'shared') + sep
  return {
    name: 'pure-constants',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(shared)) return undefined
        return { contents: markPure(await readFile(path, 'utf8')), loader: 'ts' }
      })
    },
  }
}

/**
 * Wraps each top-level constant's computed value in a call that is marked as pure: `/* @__PURE__ *\/ (() => value)()`.
 * Around the whole value, not before a call in it: the mark covers one call only, and a chain or a nested call is more.
 */
export function markPure(source: string): string {
  const edits: { at: number; text: string }[] = []
  for (const value of topLevelValues(source)) {
    edits.push({ at: value.start, text: '/* @__PURE__ */ (() => (' }, { at: value.end, text: '))()' })
  }
  let marked = ''
  let from = 0
  for (const { at, text } of edits) {
    marked += source.slice(from, at) + text
    from = at
  }
  return marked + source.slice(from)
}

function topLevelValues(source: string): { start: number; end: number }[] {
  const file = ts.createSourceFile('module.ts', source, ts.ScriptTarget.ES2024, false)
  return file.statements
    .filter(ts.isVariableStatement)
    .filter((statement) => (statement.declarationList.flags & ts.NodeFlags.Const) !== 0)
    .flatMap((statement) => [...statement.declarationList.declarations])
    .flatMap(({ initializer }) => (initializer && computes(initializer) ? [initializer] : []))
    .map((initializer) => ({ start: initializer.getStart(file), end: initializer.end }))
}

/** Literals and functions need no help, and a wrapper would cost them their inlining. */
function computes(value: ts.Expression): boolean {
  const inner = ts.isAsExpression(value) || ts.isSatisfiesExpression(value) ? value.expression : value
  return !ts.isArrowFunction(inner) && !ts.isFunctionExpression(inner) && !ts.isLiteralExpression(inner)
}
