import type { EChartsOption } from 'echarts'
import type { Curve } from '../outcome.ts'
import type { Chart } from './bars.ts'
import { SMALL, type Theme, WIDTH } from './theme.ts'

const HEIGHT = 350
const GAP = 76
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin']

/** Curves beside one another, with one legend. */
export function drawCurves(curves: Curve[], theme: Theme): Chart {
  const width = (WIDTH - GAP * curves.length - 20) / curves.length
  const leftOf = (panel: number) => GAP - 12 + panel * (width + GAP)
  const names = [...new Set(curves.flatMap(({ lines }) => lines.map(({ name }) => name)))]
  const option: EChartsOption = {
    title: curves.map(({ title, y }, panel) => ({
      text: title,
      subtext: y.label,
      left: leftOf(panel) - 4,
      top: 30,
      itemGap: 3,
      textStyle: { color: theme.text, fontSize: 13 },
      subtextStyle: { color: theme.muted, fontSize: SMALL },
    })),
    legend: {
      data: names,
      top: 4,
      left: 'center',
      itemGap: 18,
      selectedMode: false,
      textStyle: { color: theme.text, fontSize: SMALL },
    },
    grid: curves.map((_, panel) => ({ left: leftOf(panel), width, top: 80, bottom: 52 })),
    xAxis: curves.map((curve, gridIndex) => ({ ...xAxisOf(curve, theme), gridIndex })),
    yAxis: curves.map((curve, gridIndex) => ({ ...yAxisOf(curve, theme), gridIndex })),
    series: curves.flatMap((curve, panel) =>
      curve.lines.flatMap((line) => seriesOf(line, panel, names, theme)),
    ),
  }
  return { height: HEIGHT, option }
}

/** `500`, `10K`, `1M`. */
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

const labelOf = (theme: Theme) => ({
  color: theme.muted,
  fontSize: SMALL,
  hideOverlap: true,
  formatter: (value: number | string) => (typeof value === 'number' ? SHORT.format(value) : value),
})

const common = (theme: Theme) => ({
  axisLabel: labelOf(theme),
  axisLine: { show: true, lineStyle: { color: theme.grid } },
  axisTick: { show: false },
  splitLine: { show: true, lineStyle: { color: theme.grid, width: 0.5 } },
  minorSplitLine: { show: false },
})

function xAxisOf({ x, lines }: Curve, theme: Theme) {
  const name = { name: x.label, nameLocation: 'middle' as const, nameGap: 30 }
  const nameTextStyle = { color: theme.muted, fontSize: SMALL }
  const shared = { ...common(theme), ...name, nameTextStyle }
  if (x.scale === 'log') return { ...shared, type: 'log' as const }
  const data = [...new Set(lines.flatMap(({ points }) => points.map((point) => String(point.x))))]
  return { ...shared, type: 'category' as const, data, splitLine: { show: false } }
}

const yAxisOf = ({ y }: Curve, theme: Theme) =>
  y.scale === 'log'
    ? { ...common(theme), type: 'log' as const, min: boundBelow, max: boundAbove }
    : { ...common(theme), type: 'value' as const, min: 0 }

/** The range of an axis, which calls back with that of its data. */
interface Extent {
  min: number
  max: number
}

/** The next of 1, 2, 5, 10 … so that a narrow range fills the plot. */
const boundBelow = ({ min }: Extent): number =>
  [5, 2, 1].map((n) => n * decadeOf(min)).find((n) => n <= min) ?? min
const boundAbove = ({ max }: Extent): number =>
  [1, 2, 5, 10].map((n) => n * decadeOf(max)).find((n) => n >= max) ?? max
const decadeOf = (value: number): number => 10 ** Math.floor(Math.log10(value))

function seriesOf(
  { name, points, end }: Curve['lines'][number],
  panel: number,
  names: string[],
  theme: Theme,
) {
  const color = theme.colorOf(name)
  const ours = name === 'dialogue-store'
  const last = points.at(-1)
  return {
    type: 'line' as const,
    name,
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points.map(({ x, y }) => [x, y.median]),
    symbol: SYMBOLS[names.indexOf(name) % SYMBOLS.length] ?? 'circle',
    symbolSize: 7,
    itemStyle: { color },
    lineStyle: { color, width: ours ? 3 : 1.5 },
    z: ours ? 3 : 2,
    silent: true,
    emphasis: { disabled: true },
    ...(end && last && { markPoint: endOf(end, last.y.median, color) }),
  }
}

/** Where a line goes no further. */
const endOf = ({ x }: { x: number }, y: number, color: string) => ({
  symbol: 'path://M-1,-1L1,1M-1,1L1,-1',
  symbolSize: 11,
  silent: true,
  itemStyle: { color: 'none', borderColor: color, borderWidth: 2 },
  label: {
    color,
    fontSize: SMALL,
    position: 'right' as const,
    distance: 6,
    formatter: `ends at ${SHORT.format(x)}`,
  },
  data: [{ name: 'end', coord: [x, y] }],
})
