import type { Tally } from './part.ts'

/** A line of the table. */
export interface Row {
  what: string
  tried: number
  lost: number
  /** The first of what was lost. */
  details: string[]
  remark: string
}

const MOST_DETAILS = 20

export function createTally(): Tally & { rows(): Row[] } {
  const rows = new Map<string, Row>()
  const rowOf = (what: string): Row => {
    const row = rows.get(what) ?? { what, tried: 0, lost: 0, details: [], remark: '' }
    rows.set(what, row)
    return row
  }
  return {
    tried(what, times = 1) {
      rowOf(what).tried += times
    },
    lost(what, detail) {
      const row = rowOf(what)
      row.lost++
      if (row.details.length < MOST_DETAILS) row.details.push(detail)
    },
    remark(what, text) {
      rowOf(what).remark = text
    },
    rows: () => [...rows.values()],
  }
}
