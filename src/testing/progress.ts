import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const LIVE_MS = 100
const LINES_MS = 5000
const BAR = 24

interface Task {
  title: string
  /** What the sizes of the files in here come to when all is there. */
  directory: string
  bytes: number
}

/** One line of a module that otherwise says nothing. */
export const say = (text: string): void => {
  process.stderr.write(`dialogue-store: ${text}\n`)
}

/**
 * Shows on stderr how the files in a directory grow: in a terminal as a bar on one line, elsewhere (a log) as
 * a line every 5 s.
 *
 * @returns ends it
 */
export function showProgress({ title, directory, bytes }: Task): () => void {
  const live = process.stderr.isTTY
  const total = megabytes(bytes)
  if (!live) say(`fetching ${title} (${total} MB)`)
  const show = async () => {
    const done = Math.min(await sizeOf(directory), bytes)
    const text = `${title}: ${megabytes(done)} of ${total} MB`
    if (!ended) live ? process.stderr.write(`\r\x1b[K${bar(done / bytes)} ${text}`) : say(text)
  }
  let ended = false
  const timer = setInterval(() => void show(), live ? LIVE_MS : LINES_MS).unref()
  return () => {
    ended = true
    clearInterval(timer)
    if (live) process.stderr.write('\r\x1b[K')
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)

function bar(share: number): string {
  const full = Math.round(share * BAR)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`
}

/** Files come and go meanwhile: what isn't there counts nothing. */
async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => [])
  const sizes = names.map(async (name) => {
    const entry = await stat(join(directory, name)).catch(() => undefined)
    return entry?.isFile() ? entry.size : 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
