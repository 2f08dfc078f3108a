import { median, quantile, sampleWithReplacement } from 'simple-statistics'

/** A figure of several rounds: the one in the middle, and where the middle of many such runs would lie. */
export interface Estimate {
  median: number
  /** Bounds of a 95 % confidence interval, by bootstrap. */
  low: number
  high: number
}

const RESAMPLES = 2000

export function estimate(values: number[]): Estimate {
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sampleWithReplacement(values, values.length)),
  )
  return { median: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) }
}

/** Of figures of the same rounds: what was slow in a round, was slow for both. */
export const ratio = (ours: number[], theirs: number[]): Estimate =>
  estimate(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))
