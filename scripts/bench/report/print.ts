import { colorsFor } from '../../lib/colors.ts'
import { toTable } from '../../lib/table.ts'
import type { Estimate } from '../measure/statistics.ts'
import { type Claim, type Curve, isReached, type Outcome, type Row } from './outcome.ts'

const pc = colorsFor(process.stdout)

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

/** An outcome as tables, and what follows from it. */
export function toText({ title, rows, claims, series = [], notes = [] }: Outcome): string {
  const table = rows.length > 0 ? [['', ...COLUMNS.map(([label]) => label)], ...rows.map(toCells)] : []
  const lines = [
    pc.bold(title),
    ...toTable(table),
    ...series.flatMap(toCurve),
    ...notes.map((note) => pc.dim(note)),
    ...claims.map(toLine),
  ]
  return lines.map((line) => `  ${line}`).join('\n')
}

/** A line for each who took part, a column for each place. */
function toCurve({ title, x, y, lines }: Curve): string[] {
  const places = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.x)))]
  if (x.scale === 'log') places.sort((a, b) => Number(a) - Number(b))
  const toRow = ({ name, points }: Curve['lines'][number]) => [
    name,
    ...places.map((place) => {
      const point = points.find((one) => one.x === place)
      return point ? toNumber(point.y.median) : '–'
    }),
  ]
  const heads = [x.label, ...places.map((place) => (typeof place === 'number' ? toNumber(place) : place))]
  return [`${title}: ${y.label}`, ...toTable([heads, ...lines.map(toRow)])]
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
