import type { Stats } from '../../src/index.ts'
import { colorsFor } from '../lib/colors.ts'
import { toTable } from '../lib/table.ts'
import { KINDS, type Outcome } from './item.ts'
import type { Reason, Tally } from './tally.ts'

export interface Result {
  /** What was read: `Telegram, result.json`. */
  source: string
  /** Where it went; nowhere, if it was only tried. */
  target?: { database: string; prefix: string; before: Stats; after: Stats }
  tally: Tally
  seconds: number
}

/** For programs. */
export function toJson({ source, target, tally, seconds }: Result): string {
  const result = {
    source,
    dryRun: !target,
    ...(target && { database: target.database, prefix: target.prefix }),
    ...tally.counts,
    reasons: tally.reasons(),
    messageBytes: tally.bytes,
    seconds,
    warnings: warningsOf({ target, tally }),
    ...(target && { stats: target.after }),
  }
  return `${JSON.stringify(result, null, 2)}\n`
}

/** The same to be read: coloured in a terminal only. */
export function toText({ source, target, tally, seconds }: Result): string {
  const { bold, yellow } = colorsFor(process.stdout)
  const where = target ? `${target.database}, ${target.prefix}*` : 'a trial, nothing is stored'
  const { messages } = tally.counts
  const rate = number(Math.round(messages.read / Math.max(seconds, 0.001)))
  return [
    '',
    `${bold(source)} → ${where}`,
    ...toTable(rowsOf(tally, target ? 'created' : 'to create')),
    ...HEADINGS.flatMap(([outcome, heading]) => section(heading, tally.reasons(), outcome)),
    '',
    `${number(messages.read)} messages in ${seconds.toFixed(1)} s: ${rate} a second. ` +
      `The new ones take ${size(tally.bytes)}.`,
    ...warningsOf({ target, tally }).map((warning) => yellow(warning)),
    '',
  ].join('\n')
}

const HEADINGS: [Outcome, string][] = [
  ['left out', 'Left out:'],
  ['changed', 'Stored, but changed:'],
  ['refused', 'Could not be stored:'],
]

function rowsOf({ counts }: Tally, created: string): string[][] {
  const shown = KINDS.filter((kind) => kind !== 'others' || counts.others.read > 0)
  return [
    ['', 'read', created, 'were there', 'left out', 'refused'],
    ...shown.map((kind) => {
      const { read, created, present, leftOut, refused } = counts[kind]
      return [kind, ...[read, created, present, leftOut, refused].map(number)]
    }),
  ]
}

function section(heading: string, reasons: Reason[], outcome: Outcome): string[] {
  const shown = reasons.filter((one) => one.outcome === outcome)
  if (shown.length === 0) return []
  const rows = shown.map(({ of, reason, count, places }) => {
    const more = count > places.length ? ', …' : ''
    return [`  ${of}`, number(count), `${reason} (${places.join(', ')}${more})`]
  })
  return ['', ...toTable([[heading, '', ''], ...rows], [0, 2]).map((line) => line.trimEnd())]
}

/** What a store did not keep: it evicts what was stored first, of everybody. */
function warningsOf({ target, tally }: Pick<Result, 'target' | 'tally'>): string[] {
  if (!target) return []
  const { before, after } = target
  const dropped = before.messages.count + tally.counts.messages.created - after.messages.count
  if (dropped <= 0) return []
  const { capBytes } = after.messages
  const limit = capBytes === null ? '' : ` of ${size(capBytes)}`
  return [
    `${number(dropped)} messages, the oldest of all, are not kept: the store has dropped what is beyond its retention${limit}.`,
  ]
}

/** Says once, while there is time to stop, that a capped collection is full. */
export function createCapWatch({ messages }: Stats, tally: Tally): () => void {
  const { capBytes, sizeBytes } = messages
  let room = capBytes === null ? Number.POSITIVE_INFINITY : capBytes - sizeBytes
  return () => {
    if (tally.bytes <= room) return
    room = Number.POSITIVE_INFINITY
    process.stderr.write(`\nThe capped collection of ${size(capBytes ?? 0)} is full: ${FULL}\n`)
  }
}

const FULL = 'from here on, the oldest messages of all are dropped. Ctrl-C stops.'

function size(bytes: number): string {
  const [unit, divisor] = bytes < 2 ** 20 ? ['KiB', 2 ** 10] : ['MiB', 2 ** 20]
  return `${(bytes / Number(divisor)).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`
}

const number = (n: number): string => n.toLocaleString('en')
