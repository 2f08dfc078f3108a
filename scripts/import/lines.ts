import { isUtf8 } from 'node:buffer'
import { BrokenSource } from './faults.ts'
import type { SourceFile } from './file.ts'

const LF = 0x0a
/** In bytes. No message is longer. */
const LONGEST = 2 ** 24

/**
 * The lines of a text in UTF-8, some at a time, without their ends: LF, or CR LF. Not those that Node's own readline
 * finds, too: U+2028 may be part of a message.
 *
 * @throws BrokenSource after the lines before the fault
 */
export async function* readLines(file: SourceFile): AsyncGenerator<string[]> {
  let rest = Buffer.of()
  let count = 0
  for await (const chunk of file.bytes()) {
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(LF)
    rest = bytes.subarray(end + 1)
    if (rest.length > LONGEST)
      throw new BrokenSource(`${file.name} has no end of a line in 16 MiB after line ${count}.`)
    if (end < 0) continue
    const lines = linesOf(bytes.subarray(0, end))
    yield* untilFault(file.name, lines, count)
    count += lines.length
  }
  if (rest.length > 0) yield* untilFault(file.name, linesOf(rest), count)
}

/** Of what is not UTF-8, a line is its bytes still. */
function linesOf(bytes: Buffer): (string | undefined)[] {
  if (isUtf8(bytes)) return bytes.toString('utf8').split('\n')
  /* One byte is one character in Latin 1, so that lines keep their bytes. */
  return bytes
    .toString('latin1')
    .split('\n')
    .map((line) => Buffer.from(line, 'latin1'))
    .map((line) => (isUtf8(line) ? line.toString('utf8') : undefined))
}

function* untilFault(name: string, lines: (string | undefined)[], before: number): Generator<string[]> {
  const good = lines.filter((line) => line !== undefined)
  const first = lines.indexOf(undefined)
  yield good.slice(0, first < 0 ? undefined : first).map((line, i) => trimmed(line, before + i === 0))
  if (first >= 0)
    throw new BrokenSource(`${name} is not text in UTF-8: line ${before + first + 1} is something else.`)
}

/** Without the mark that tells UTF-8 at the beginning of a file, and without the CR of CR LF. */
const trimmed = (line: string, isFirst: boolean): string =>
  (isFirst ? line.replace(/^\ufeff/, '') : line).replace(/\r$/, '')
