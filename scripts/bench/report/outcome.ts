import type { Results } from '../measure/contest.ts'
import type { Sample } from '../measure/sample.ts'
import { type Estimate, estimate, ratio } from '../measure/statistics.ts'
import { driver } from '../peers/driver.ts'

type Figure = keyof Sample

/** What one contestant did, over all rounds. */
export interface Row {
  name: string
  figures: Record<Figure, Estimate | null>
  /** Its throughput as a multiple of the bare driver's, where that took part. */
  times?: Estimate
}

/** What we want to be true, and what was measured. */
export interface Claim {
  text: string
  value: Estimate
  unit: '×' | 'ms' | 'MiB' | ''
  goal?: { atLeast: number } | { atMost: number }
}

/** How something changes along something, for each who took part. */
export interface Curve {
  title: string
  /** On a logarithmic axis, or in steps of equal width, which may have names. */
  x: { label: string; scale: 'log' | 'steps' }
  /** With its unit: `ms a message`. */
  y: { label: string; scale: 'log' | 'linear' }
  lines: {
    name: string
    points: Point[]
    /** Where it goes no further, and why. */
    end?: { x: number; why: string }
  }[]
}

export interface Point {
  x: number | string
  y: Estimate
}

/** One table of the report. */
export interface Outcome {
  title: string
  rows: Row[]
  claims: Claim[]
  series?: Curve[]
  /** What to know for reading it. */
  notes?: string[]
}

export const isReached = ({ value, goal }: Claim): boolean | undefined =>
  goal && ('atLeast' in goal ? value.median >= goal.atLeast : value.median <= goal.atMost)

export const FIGURES = [
  'perSecond',
  'p50',
  'p99',
  'max',
  'cpuMicros',
  'loopDelay',
  'commands',
  'bytesIn',
  'bytesOut',
] as const satisfies Figure[]

export function toRows(results: Results): Row[] {
  const base = results.get(driver.name)?.map(({ perSecond }) => perSecond)
  return [...results].map(([name, samples]) => {
    const figures = FIGURES.map((figure) => {
      const values = samples.map((sample) => sample[figure]).filter((value) => value !== null)
      return [figure, values.length > 0 ? estimate(values) : null]
    })
    const throughputs = samples.map(({ perSecond }) => perSecond)
    return { name, figures: Object.fromEntries(figures), ...(base && { times: ratio(throughputs, base) }) }
  })
}

/** Everybody but ours, who comes first. */
export const othersIn = (results: Results): string[] => [...results.keys()].slice(1)

/** Makes claims of one contestant against another. */
export function against(results: Results, ours: string, theirs: string) {
  const of = (name: string, figure: 'perSecond' | 'p50' | 'p99') =>
    (results.get(name) ?? []).map((sample) => sample[figure])
  const claim =
    (figure: 'perSecond' | 'p50' | 'p99', what: string) =>
    (goal?: Claim['goal']): Claim => ({
      text: `${what} ${theirs}`,
      value: ratio(of(ours, figure), of(theirs, figure)),
      unit: '×',
      ...(goal && { goal }),
    })
  return {
    throughput: claim('perSecond', 'throughput of'),
    p50: claim('p50', 'median latency of'),
    p99: claim('p99', 'p99 of'),
  }
}

/** The line of each contestant through the results that were had at several places. */
export function toLines(
  runs: { x: (name: string) => number | string; results: Results }[],
  figure: 'perSecond' | 'p50' | 'p99',
): Curve['lines'] {
  const names = [...new Set(runs.flatMap(({ results }) => [...results.keys()]))]
  return names.map((name) => {
    const points = runs.flatMap(({ x, results }) => {
      const samples = results.get(name)
      return samples ? [{ x: x(name), y: estimate(samples.map((sample) => sample[figure])) }] : []
    })
    return { name, points }
  })
}

/** What is wanted of our throughput, against whose. */
export interface Goal {
  against: string
  throughput: Claim['goal']
}

/** How everybody did, and our throughput against each other's. */
export const throughputOutcome = (title: string, results: Results, ours: string, goal?: Goal): Outcome => ({
  title,
  rows: toRows(results),
  claims: othersIn(results).map((name) =>
    against(results, ours, name).throughput(name === goal?.against ? goal.throughput : undefined),
  ),
})
