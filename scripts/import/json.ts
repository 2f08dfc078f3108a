import { JSONParser } from '@streamparser/json'
import { BrokenSource } from './faults.ts'
import type { SourceFile } from './file.ts'

/** A value in a file of JSON, and where it is. */
export interface Found {
  path: (string | number)[]
  value: unknown
}

/** Where in the file: `chats.list.3.messages.17`. */
export const placeOf = ({ path }: Found): string => path.join('.')

/**
 * The values at these paths of a file (`$.messages.*`), in its order, each complete and by itself: memory holds one
 * chunk of them. `$` takes one document after the other.
 *
 * @throws BrokenSource after the values before the fault
 */
export async function* readJson(file: SourceFile, paths: string[]): AsyncGenerator<Found> {
  let found: Found[] = []
  let offset = 0
  const parser = new JSONParser({ paths, keepStack: false, ...(paths.includes('$') && { separator: '' }) })
  parser.onToken = (token) => {
    offset = token.offset
  }
  parser.onValue = ({ value, key, stack }) => {
    /* The first of the stack is the document itself, which has no key. */
    const above = stack.slice(1).map((one) => one.key)
    found.push({ path: [...above, key].flatMap((part) => part ?? []), value })
  }
  /* What the parser says of a fault may quote the text. */
  const parse = (work: () => void, fault: string): unknown => {
    try {
      work()
      return undefined
    } catch {
      return new BrokenSource(`${file.name} ${fault} after byte ${offset.toLocaleString('en')}.`)
    }
  }
  for await (const chunk of file.bytes()) {
    const broken = parse(() => parser.write(chunk), 'is not JSON')
    yield* found
    found = []
    if (broken) throw broken
  }
  if (parser.isEnded) return
  const broken = parse(() => parser.end(), 'ends in the middle')
  yield* found
  if (broken) throw broken
}
