import pc from 'picocolors'
import type { Estimate } from '../measure/statistics.ts'
import { type Claim, isReached, type Outcome, type Row } from './outcome.ts'

const COLUMNS = [
  ['per second', 'perSecond'],
  ['p50 ms', 'p50'],
  ['p99 ms', 'p99'],
  ['cpu µs', 'cpuMicros'],
  ['loop ms', 'loopDelay'],
  ['commands', 'commands'],
  ['bytes in', 'bytesIn'],
  ['bytes out', 'bytesOut'],
] as const

/** An outcome as a table, and what follows from it. */
export function toText({ title, rows, claims }: Outcome): string {
  const table = rows.length > 0 ? [['', ...COLUMNS.map(([label]) => label)], ...rows.map(toCells)] : []
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  )
  const lines = table.map((cells, line) => {
    const text = cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
    return line === 0 ? pc.dim(text) : text
  })
  return [pc.bold(title), ...lines, ...claims.map(toLine)].map((line) => `  ${line}`).join('\n')
}

const toCells = ({ name, figures }: Row): string[] => [
  name,
  ...COLUMNS.map(([, figure]) => {
    const value = figures[figure]
    return value ? toNumber(value.median) + (figure === 'perSecond' ? spreadOf(value) : '') : '–'
  }),
]

const spreadOf = ({ median, low, high }: Estimate): string =>
  ` ±${Math.round((100 * (high - low)) / 2 / median)
    .toString()
    .padStart(2)} %`

function toLine(claim: Claim): string {
  const { text, value, unit, goal } = claim
  const { median, low, high } = value
  const spread = low < high ? ` (${toNumber(low)}–${toNumber(high)})` : ''
  const wanted = goal && ('atLeast' in goal ? `≥ ${toNumber(goal.atLeast)}` : `≤ ${toNumber(goal.atMost)}`)
  const line = `${toNumber(median)}${unit ? ` ${unit}` : ''} ${text}${spread}${wanted ? `, wanted ${wanted}` : ''}`
  const reached = isReached(claim)
  if (reached === undefined) return `  ${line}`
  return reached ? pc.green(`✔ ${line}`) : pc.red(`✘ ${line}`)
}

const ENGLISH = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const toNumber = (value: number): string => ENGLISH.format(value)
