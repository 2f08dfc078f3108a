import { colorsFor } from '../lib/colors.ts'

const NARROWEST = 72
const WIDEST = 92
const INDENT = '  '
const LABEL = 18
const BAR = 28
const ERASE_LINE_ABOVE = '\x1b[1A\x1b[2K'

export interface Screen {
  line(text?: string): void
  /** A line across, perhaps with words at its edges. */
  rule(left?: string, right?: string): void
  /** Begins a part: what it is about, and the figures that belong to it. */
  heading(text: string, figures: string): void
  /** A label, what there is to say, and perhaps a figure at the right edge. */
  row(label: string, text: string, right?: string): void
  /** Something is done. */
  step(label: string, text: string, seconds: number): void
  /** More about the row above. */
  note(text: string): void
  /** A message. */
  said(time: string, sender: string, content: string, remark: string): void
  /** Takes away the bar that the line below tells of. */
  eraseBar(): void
}

/**
 * Writes rows and rules as wide as the terminal, within reason. Elsewhere than in a terminal it writes the
 * same text, without any control characters.
 */
export function createScreen(out: NodeJS.WriteStream, muted: boolean): Screen {
  const { bold, dim, cyan, green, yellow } = colorsFor(out)
  const width = Math.min(WIDEST, Math.max(NARROWEST, (out.columns ?? WIDEST) - 2 * INDENT.length))

  const line = (text = '') => {
    if (!muted) out.write(text === '' ? '\n' : `${INDENT}${text}\n`)
  }
  /** A text beside its label, both painted by now, and perhaps one more at the right edge. */
  const labelled = (label: string, text: string, right = '') => {
    const room = width - LABEL - (right ? columnsOf(right) + 2 : 0)
    const shown = clip(text, room)
    line(`${label}${shown}${right && ' '.repeat(room + 2 - columnsOf(shown))}${dim(right)}`)
  }
  return {
    line,
    rule(left = '', right = '') {
      const [start, end] = [left && `${left} `, right && ` ${right}`]
      line(`${bold(start)}${dim('─'.repeat(width - columnsOf(start) - columnsOf(end)))}${dim(end)}`)
    },
    heading(text, figures) {
      line()
      line(`${bold(cyan(text.padEnd(LABEL)))}${dim(figures)}`)
    },
    row: (label, text, right) => labelled(label.padEnd(LABEL), text, right),
    step: (label, text, seconds) =>
      labelled(`${green('✓')} ${bold(label.padEnd(LABEL - 2))}`, text, `${seconds.toFixed(1)} s`),
    note: (text) => line(`${' '.repeat(LABEL)}${dim(clip(text, width - LABEL))}`),
    said(time, sender, content, remark) {
      const who = sender.padEnd(LABEL - time.length - 2)
      labelled(`${dim(time)}  ${sender === 'user' ? yellow(who) : green(who)}`, content, remark)
    },
    eraseBar() {
      if (process.stderr.isTTY) process.stderr.write(ERASE_LINE_ABOVE)
    },
  }
}

/** How full something is: 0…1. */
export const gauge = (share: number): string => {
  const full = Math.round(share * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`
}

const graphemes = new Intl.Segmenter('en')
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|[\u3000-\u303f\uff00-\uff60]/u

/** The columns that a text takes in a terminal, as far as one can know. */
function columnsOf(text: string): number {
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += WIDE.test(segment) ? 2 : 1
  return columns
}

/** One line of at most so many columns. What somebody wrote must not control the terminal. */
function clip(text: string, columns: number): string {
  const plain = text.replace(/[\p{Cc}\s]+/gu, ' ').replace(/(?!\u200d)\p{Cf}/gu, '')
  if (columnsOf(plain) <= columns) return plain
  let kept = ''
  let left = columns - 1
  for (const { segment } of graphemes.segment(plain)) {
    left -= columnsOf(segment)
    if (left < 0) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

export const number = (n: number): string => n.toLocaleString('en')

export const size = (bytes: number): string =>
  `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MiB`
