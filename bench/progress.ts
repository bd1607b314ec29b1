/** Work shorter than this needs no word. */
const quietMs = 2_000

/**
 * One line on stderr that says what is being measured, once it has taken two seconds; on a terminal it is rewritten in
 * place. `update` says how far it is; call it as often as is convenient.
 */
export async function withProgress<Result>(
  title: string,
  work: (update: (done: number, all: number) => void) => Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now()
  let shownAt = startedAt
  let written = false
  const update = (done: number, all: number) => {
    const now = performance.now()
    if (now - shownAt < quietMs) return
    shownAt = now
    written = true
    const seconds = ((now - startedAt) / 1000).toFixed(0)
    const text = `${title}: ${Math.floor((100 * done) / all)} % after ${seconds} s`
    process.stderr.write(process.stderr.isTTY ? `\r${text} ` : `${text}\n`)
  }
  try {
    return await work(update)
  } finally {
    if (written && process.stderr.isTTY) process.stderr.write('\n')
  }
}
