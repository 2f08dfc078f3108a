import type { EChartsOption } from 'echarts'
import type { Outcome } from '../outcome.ts'
import { SMALL, type Theme } from './theme.ts'

const OURS = 'dialogue-store'
const BASE = 'mongodb driver'
const ROW = 19
const TOP = 44
const LEFT = 210

interface Bar {
  /** Of a group's first line, which has no bar. */
  head?: string
  name: string
  value: number
}

export interface Chart {
  height: number
  option: EChartsOption
}

/** Throughput as a multiple of the driver's, a group for each outcome. Undefined: the driver took no part. */
export function drawBars(outcomes: Outcome[], theme: Theme): Chart | undefined {
  const bars = outcomes.flatMap(barsOf)
  if (bars.length === 0) return undefined
  return {
    height: TOP + bars.length * ROW + 16,
    option: {
      title: titleOf(theme),
      grid: { left: LEFT, right: 12, top: TOP, bottom: 12 },
      xAxis: { type: 'value', min: 0, show: false },
      yAxis: {
        type: 'category',
        inverse: true,
        data: bars.map(labelOf),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { color: theme.text, fontSize: SMALL, interval: 0, rich: richOf(theme) },
      },
      series: [
        {
          type: 'bar',
          barWidth: 12,
          silent: true,
          emphasis: { disabled: true },
          data: bars.map((bar) => itemOf(bar, theme)),
          markLine: baseLines(bars, theme),
        },
      ],
    },
  }
}

function barsOf({ title, rows }: Outcome): Bar[] {
  if (!rows.some(({ name, times }) => name === OURS && times)) return []
  const bars = rows.flatMap(({ name, times }) =>
    times && name !== BASE ? [{ name, value: times.median }] : [],
  )
  return [{ head: title, name: '', value: 0 }, ...bars]
}

/** Each bar's name and value, in two columns. */
const labelOf = ({ head, name, value }: Bar): string => {
  if (head) return ''
  const times = `${value.toLocaleString('en', { maximumSignificantDigits: 2 })}×`
  return name === OURS ? `{us|${name}}{us_value|${times}}` : `${name}{value|${times}}`
}

function richOf(theme: Theme) {
  const column = { fontSize: SMALL, width: 48, align: 'right' as const }
  const bold = { fontSize: SMALL, fontWeight: 'bold' as const, color: theme.text }
  return { us: bold, us_value: { ...column, ...bold }, value: { ...column, color: theme.muted } }
}

const itemOf = ({ head, name, value }: Bar, theme: Theme) => ({
  value,
  itemStyle: { color: theme.colorOf(name), borderRadius: [0, 2, 2, 0] },
  label: {
    show: head !== undefined,
    /* It begins where names do. */
    position: [8 - LEFT, 2] as [number, number],
    formatter: head ?? '',
    color: theme.text,
    fontSize: 13,
    fontWeight: 'bold' as const,
  },
})

const titleOf = (theme: Theme) => ({
  text: `Operations a second, as a multiple of the bare driver's (the line)`,
  left: 8,
  top: 8,
  textStyle: { color: theme.muted, fontSize: 13, fontWeight: 'normal' as const },
})

/** Across the bars of each group, and not across its head. */
function baseLines(bars: Bar[], theme: Theme) {
  const heads = bars.flatMap(({ head }, row) => (head ? [row] : []))
  return {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: theme.muted, type: 'dashed' as const, width: 1 },
    data: heads.map((head, group): [{ coord: number[] }, { coord: number[] }] => [
      { coord: [1, head + 1] },
      { coord: [1, (heads[group + 1] ?? bars.length) - 1] },
    ]),
  }
}
