import { tzOffset } from '@date-fns/tz'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Zones change their offset at these, if ever. */
const QUARTER_MS = 900_000

/** From what a clock on the wall shows, as if it were UTC, to when that is. */
export type LocalTimes = (wallTime: number) => Date

/**
 * For times that come in order. An hour that the clocks repeat is the first one, until time would go backwards; one
 * that they skip is the one after it.
 */
export function createLocalTimes(zone: string): LocalTimes {
  let known = { quarter: Number.NaN, offsets: [0] }
  let latest = Number.NEGATIVE_INFINITY
  return (wallTime) => {
    const quarter = Math.floor(wallTime / QUARTER_MS)
    if (quarter !== known.quarter) known = { quarter, offsets: offsetsAt(wallTime, zone) }
    const instants = known.offsets.map((offset) => wallTime - offset)
    const instant = instants.find((one) => one >= latest) ?? instants[0] ?? wallTime
    latest = instant
    return new Date(instant)
  }
}

/** Those with which the zone's clocks show that time; if none does, what they were before. The larger is earlier. */
function offsetsAt(wallTime: number, zone: string): number[] {
  const offsetAt = (instant: number) => tzOffset(zone, new Date(instant)) * MINUTE_MS
  const before = offsetAt(wallTime - DAY_MS)
  const either = [...new Set([before, offsetAt(wallTime + DAY_MS)])].sort((a, b) => b - a)
  const shown = either.filter((offset) => offsetAt(wallTime - offset) === offset)
  return shown.length > 0 ? shown : [before]
}

/** A time of ISO 8601: when it is, and what it says by itself, whatever the zone. */
export interface Time {
  instant: Date
  /** The same, but for one without an offset: that is read as if it were UTC. For ids, which no zone may change. */
  written: Date
}

/** One without an offset is the zone's. */
export function timeOf(text: string, localTimes: LocalTimes): Time | undefined {
  const hasOffset = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text)
  const written = new Date(hasOffset ? text : `${text}Z`)
  if (Number.isNaN(written.getTime())) return undefined
  return { instant: hasOffset ? written : localTimes(written.getTime()), written }
}
