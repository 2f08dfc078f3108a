import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { init } from 'echarts'
import { type Chart, drawBars } from './charts/bars.ts'
import { drawCurves } from './charts/curves.ts'
import { FONT, THEMES, type Theme, WIDTH } from './charts/theme.ts'
import type { Report } from './file.ts'

/** Draws all that a report gives, for light and for dark pages. @returns the files */
export async function drawPlots({ outcomes }: Report, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  for (const theme of THEMES) {
    const charts: [name: string, chart: Chart | undefined][] = [['throughput', drawBars(outcomes, theme)]]
    for (const { scenario, series } of outcomes)
      if (series) charts.push([scenario, drawCurves(series, theme)])
    for (const [name, chart] of charts) {
      if (!chart) continue
      const file = join(folder, `${name}-${theme.name}.svg`)
      await writeFile(file, toSvg(chart, theme))
      files.push(file)
    }
  }
  return files
}

function toSvg({ height, option }: Chart, theme: Theme): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    const textStyle = { fontFamily: FONT, color: theme.text }
    chart.setOption({ animation: false, backgroundColor: 'transparent', textStyle, ...option })
    return `${chart.renderToSVGString()}\n`
  } finally {
    chart.dispose()
  }
}
