const formats = new Map<string, Intl.DateTimeFormat>()

export function isZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...parts, ...time })
  formats.set(zone, format)
  return format
}

/** What a clock on the wall shows there, as if it were UTC. */
export function wallTimeOf(instant: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The other way round. An hour that the clocks skip is taken as the one after it. */
export function instantOf(wallTime: number, zone: string): number {
  const offsetAt = (instant: number) => wallTimeOf(instant, zone) - instant
  const guess = wallTime - offsetAt(wallTime)
  return wallTime - offsetAt(guess)
}

const MINUTE = 60_000

/** As RFC 3339 with the offset that the zone has then. */
export function expressIn(zone: string, instant: number): string {
  const seconds = Math.floor(instant / 1000) * 1000
  const wallTime = wallTimeOf(seconds, zone)
  const offset = (wallTime - seconds) / MINUTE
  const text = new Date(wallTime).toISOString().slice(0, 19)
  if (offset === 0) return `${text}Z`
  const digits = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(offset)
  return `${text}${offset < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}:${digits(size % 60)}`
}
