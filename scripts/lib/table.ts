import { colorsFor } from './colors.ts'

const pc = colorsFor(process.stdout)

/** Lines of cells, under one of heads. What is in the text columns begins on the left. */
export function toTable(table: string[][], textColumns: readonly number[] = [0]): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  )
  return table.map((cells, line) => {
    const text = cells
      .map((cell, column) =>
        textColumns.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
    return line === 0 ? pc.dim(text) : text
  })
}
