import { BrokenSource } from './faults.ts'
import type { SourceFile } from './file.ts'

/** No message is longer. */
const LONGEST = 2 ** 24

/**
 * The lines of a text in UTF-8, some at a time, without their ends: LF, or CR LF. Not those that Node's own readline
 * finds, too: U+2028 may be part of a message.
 *
 * @throws BrokenSource
 */
export async function* readLines(file: SourceFile): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let count = 0
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw new BrokenSource(`${file.name} is not text in UTF-8: soon after line ${count} is something else.`)
    }
  }
  for await (const chunk of file.bytes()) {
    const [first = '', ...others] = decode(chunk).split('\n')
    const lines = [rest + first, ...others]
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST)
      throw new BrokenSource(`${file.name} has no end of a line in 16 MiB after line ${count}.`)
    count += lines.length
    yield lines.map(withoutReturn)
  }
  rest += decode()
  if (rest !== '') yield [withoutReturn(rest)]
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
