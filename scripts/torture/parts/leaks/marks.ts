/**
 * What texts are known by that a user wrote, or that a URI keeps secret. They may be stored, or sent, and show nowhere
 * else. It has only what may stand in any field, and in the middle of a password.
 */
const MARK = 'c4n4ry'
/** Keys of JSON: the path of an `INVALID_INPUT` names them, as it has to. */
const KEY_MARK = `${MARK}InAKey`

/** A user's text for a field. */
export const textOf = (field: string): string => `Bia said ${MARK}${field}`
/** Without blanks, for what has its own syntax. */
export const wordOf = (field: string): string => `${MARK}${field}`
export const keyOf = (field: string): string => `${KEY_MARK}${field}`

/**
 * Each character that means something in a URI, and a mark in every piece that one may be cut into. Read as a URI it
 * has other hosts, options and paths.
 */
export const PASSWORD = [...'@:/?#[]%,&=+ é'].reduce(
  (so, separator, i) => `${so}${separator}${wordOf(`secret${i}`)}`,
  wordOf('secret'),
)

const bytes = Buffer.from(MARK)
/** What three alignments make of the middle of it. */
const inBase64 = [0, 1, 2].map((shift) => {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  return text.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + bytes.length) * 4) / 3))
})

const escaped = (byte: number) => `(?:%|\\\\x|\\\\u00)?${byte.toString(16)}[ ,:]{0,2}`
const PATTERNS: readonly [as: string, pattern: RegExp][] = [
  ['as it is', new RegExp(`${MARK}\\w*`, 'i')],
  ['in base64', new RegExp(inBase64.join('|'))],
  ['in hex', new RegExp([...bytes].map(escaped).join(''), 'i')],
  ['as bytes', new RegExp([...bytes].join('\\s*,\\s*'))],
]

/** Where a text shows a mark, and how; undefined if it doesn't. @param isKeyShown it may show keys of JSON */
export function markIn(text: string, isKeyShown = false): string | undefined {
  const told = isKeyShown ? text.replaceAll(KEY_MARK, '') : text
  for (const [as, pattern] of PATTERNS) {
    const found = pattern.exec(told)
    if (!found) continue
    const from = Math.max(0, found.index - AROUND)
    return `${as}: …${told.slice(from, found.index + found[0].length + AROUND)}…`
  }
  return undefined
}

const AROUND = 60
