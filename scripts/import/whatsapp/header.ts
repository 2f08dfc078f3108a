/** How dates are written, by what comes first. */
export const DATE_ORDERS = ['dmy', 'mdy', 'ymd'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/** The first line of a message, or of what WhatsApp itself says. */
export interface Header {
  style: Style
  /** The numbers of the date as they come, and what is between them. */
  date: [string, string, string]
  separator: string
  /** Of the day. */
  timeMs: number
  hasSeconds: boolean
  /** What follows the time: `Ana: Hello`. */
  rest: string
}

/** `[31/12/23, 21:05:09] Ana: …` of an iPhone, or `31/12/23, 21:05 - Ana: …` of Android. A file has one of them. */
export type Style = 'brackets' | 'dash'

/** Of the direction of writing: WhatsApp puts them before and around what it says itself. */
const MARKS = '[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]*'
const YEAR_OR_DAY = '(\\d{4}|\\d{1,2})'
const DATE = `${YEAR_OR_DAY}(?<separator>[./-])\\s?(\\d{1,2})\\k<separator>\\s?${YEAR_OR_DAY}\\.?`
/** With dots, without, with all kinds of blanks; in Chinese, Japanese and Korean before the time. */
const HALF_BEFORE = '(?<before>午前|午後|上午|下午|오전|오후)?\\s?'
const HALF_AFTER = '(?:\\s?(?<after>[ap]\\.?\\s?m\\b\\.?))?'
const TIME = '(?<hour>\\d{1,2})[:.](?<minute>\\d{2})(?:[:.](?<second>\\d{2}))?'
/** `, ` in most languages; ` à ` in French, ` klo ` in Finnish. */
const GAP = ',?\\s(?:\\p{Script=Latin}{1,3}\\.?\\s)?'
const MOMENT = `${DATE}${GAP}${HALF_BEFORE}${TIME}${HALF_AFTER}`

const PATTERNS: Record<Style, RegExp> = {
  brackets: new RegExp(`^${MARKS}\\[${MOMENT}\\]\\s(?<rest>.*)$`, 'isu'),
  dash: new RegExp(`^${MARKS}${MOMENT}\\s[-–]\\s(?<rest>.*)$`, 'isu'),
}
const AFTERNOON = /^(?:p|午後|下午|오후)/i

/** Of a line that begins something, in a style, or in the first that fits. */
export function headerOf(line: string, style?: Style): Header | undefined {
  if (!style) return headerOf(line, 'brackets') ?? headerOf(line, 'dash')
  const match = PATTERNS[style].exec(line)
  if (!match?.groups) return undefined
  const { separator = '', hour, minute, second, before, after, rest = '' } = match.groups
  const timeMs = timeOf(Number(hour), Number(minute), Number(second ?? 0), before ?? after)
  if (timeMs === undefined) return undefined
  const [, first = '', , middle = '', last = ''] = match
  return { style, date: [first, middle, last], separator, timeMs, hasSeconds: second !== undefined, rest }
}

export const styleOf = (line: string): Style | undefined =>
  headerOf(line, 'brackets') ? 'brackets' : headerOf(line, 'dash') ? 'dash' : undefined

function timeOf(hour: number, minute: number, second: number, half: string | undefined): number | undefined {
  if (minute > 59 || second > 59 || hour > 23 || (half && hour > 12)) return undefined
  const hours = half ? (hour % 12) + (AFTERNOON.test(half) ? 12 : 0) : hour
  return ((hours * 60 + minute) * 60 + second) * 1000
}

/** Who speaks, and what: nobody in what WhatsApp says itself. */
export function splitSender(rest: string): { sender?: string; text: string } {
  const end = /:(?:\s|$)/.exec(rest)
  if (!end) return { text: rest }
  const sender = withoutMarks(rest.slice(0, end.index)).trim()
  if (sender === '' || sender.length > LONGEST_NAME || isMidSentence(sender)) return { text: rest }
  return { sender, text: rest.slice(end.index + 1).replace(/^\s/, '') }
}

const LONGEST_NAME = 100

/** `Ana changed the subject to "Plans`: a colon in what somebody has named. */
const isMidSentence = (text: string): boolean => (text.match(/["“”„«»]/g) ?? []).length % 2 === 1

const ALL_MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
export const withoutMarks = (text: string): string => text.replace(ALL_MARKS, '')
