import { colorsFor } from '../lib/colors.ts'
import { toTable } from '../lib/table.ts'
import type { Row } from './tally.ts'

const pc = colorsFor(process.stdout)
const HEADS = ['part', 'what was tried', 'times', 'lost', '']

export interface PartReport {
  part: string
  /** So far. */
  rows(): Row[]
}

/** One table of all parts, and under it what was lost. */
export function toText(reports: PartReport[]): string {
  const lines = reports.flatMap(({ part, rows }) =>
    rows().map(({ what, tried, lost, remark }, i) => [
      i === 0 ? part : '',
      what,
      tried.toLocaleString('en'),
      lost.toLocaleString('en'),
      remark,
    ]),
  )
  return [...toTable([HEADS, ...lines], [0, 1, 4]), ...reports.flatMap(toLosses)].join('\n')
}

const toLosses = ({ part, rows }: PartReport): string[] =>
  rows().flatMap(({ what, lost, details }) =>
    lost === 0
      ? []
      : [
          '',
          pc.red(`${part}, ${what}: ${lost.toLocaleString('en')} lost`),
          ...details.map((one) => `  ${one}`),
        ],
  )

export const lossesIn = (reports: PartReport[]): number =>
  reports.flatMap(({ rows }) => rows()).reduce((sum, { lost }) => sum + lost, 0)
