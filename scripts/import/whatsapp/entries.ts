import type { SourceFile } from '../file.ts'
import { readLines } from '../lines.ts'
import { type Header, headerOf, type Style, splitSender, styleOf } from './header.ts'

/** What begins with a header, and goes on over lines without one. */
export interface Entry {
  /** Counted from 1. */
  line: number
  header: Header
  sender?: string
  text: string
}

/** A line before the first header. */
export interface Preface {
  line: number
}

/** The entries of a chat. The first header tells the style of all: what looks otherwise was pasted by somebody. */
export async function* readEntries(
  file: SourceFile,
  isHeader: (header: Header) => boolean = () => true,
): AsyncGenerator<Entry | Preface> {
  let style: Style | undefined
  let open: { line: number; header: Header; lines: string[] } | undefined
  let line = 0
  for await (const lines of readLines(file)) {
    for (const text of lines) {
      line++
      style ??= styleOf(text)
      const header = style && headerOf(text, style)
      if (header && isHeader(header)) {
        if (open) yield closed(open)
        open = { line, header, lines: [] }
      } else if (open) open.lines.push(text)
      else if (text.trim() !== '') yield { line }
    }
  }
  if (open) yield closed(open)
}

function closed({ line, header, lines }: { line: number; header: Header; lines: string[] }): Entry {
  const { sender, text } = splitSender(header.rest)
  return { line, header, ...(sender && { sender }), text: [text, ...lines].join('\n') }
}

export const isEntry = (one: Entry | Preface): one is Entry => 'header' in one
