import { escapeHtml } from './html.ts'

/**
 * The small Markdown of our own pages as HTML: `#`/`##` headings, paragraphs, `-` lists, fenced code, and inside a line
 * `code`, **strong** and [links](…) that stay here or are https.
 * @throws Error for a fence that is never closed: half a page must not be published as if it were whole.
 */
export function markdownToHtml(markdown: string): string {
  return blocksOf(markdown).map(blockHtml).join('\n')
}

/** The text of the first heading. @throws Error for a page without one. */
export function titleOf(markdown: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1]
  if (title === undefined) throw new Error('A page needs a heading of the first level')
  return title.replaceAll('`', '')
}

type Block = { kind: 'code' | 'list' | 'text'; lines: string[] }

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: Block | undefined
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      if (open?.kind === 'code') open = undefined
      else blocks.push((open = { kind: 'code', lines: [] }))
    } else if (open?.kind === 'code') {
      open.lines.push(line)
    } else if (line.trim() === '') {
      open = undefined
    } else {
      const kind = line.startsWith('- ') || (open?.kind === 'list' && line.startsWith('  ')) ? 'list' : 'text'
      if (open?.kind !== kind || line.startsWith('#')) blocks.push((open = { kind, lines: [] }))
      open.lines.push(line)
      if (line.startsWith('#')) open = undefined
    }
  }
  if (open?.kind === 'code') throw new Error('A fenced block is never closed')
  return blocks
}

function blockHtml({ kind, lines }: Block): string {
  if (kind === 'code') return `<pre tabindex="0"><code>${escapeHtml(lines.join('\n'))}</code></pre>`
  if (kind === 'list') {
    const items = lines
      .join('\n')
      .replaceAll(/\n {2}/g, ' ')
      .split('\n')
    return `<ul>${items.map((item) => `<li>${inlineHtml(item.slice(2))}</li>`).join('')}</ul>`
  }
  const heading = /^(#{1,3}) (.+)$/.exec(lines[0] ?? '')
  if (heading) return `<h${heading[1]?.length}>${inlineHtml(heading[2] ?? '')}</h${heading[1]?.length}>`
  return `<p>${inlineHtml(lines.join(' '))}</p>`
}

/** One line of text. Escaped first, so that what follows can only add our own tags. */
export function inlineHtml(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      part.length > 2 && part.startsWith('`')
        ? `<code>${escapeHtml(part.slice(1, -1))}</code>`
        : escapeHtml(part)
            .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
            .replaceAll(/\[([^\]]+)\]\((\/[^)\s]*|#[^)\s]*|https:[^)\s]+)\)/g, '<a href="$2">$1</a>'),
    )
    .join('')
}
