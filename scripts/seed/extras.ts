import type { NewEvent } from '../../src/index.ts'
import { createIds, numberOf, type Plan } from './plan.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Of so many users one has a context; of so many one has events. */
const CONTEXTS = 3
const EVENTS = 4
const LIKES = ['tea', 'football', 'old films', 'cooking', 'hiking', 'chess', 'samba', 'gardening']
const SUMMARIES = ['Dentist', 'Lunch with Beatriz', 'Team meeting', "Parents' evening", 'Haircut', 'Yoga']
/** Something that is over, and something that is still to come. */
const YEARS = [new Date('2018-06-01T00:00:00Z'), new Date('2030-01-01T00:00:00Z')]

const pick = (from: string[], plan: Plan, ...name: (string | number)[]): string =>
  from[numberOf(from.length, plan, ...name)] ?? ''

export const hasContext = (n: number): boolean => n % CONTEXTS === 0
export const hasEvents = (n: number): boolean => n % EVENTS === 0

/** What a bot may have learned about the user of that number. */
export function contextOf(plan: Plan, n: number): object {
  const [first, second] = [pick(LIKES, plan, 'like', n, 0), pick(LIKES, plan, 'like', n, 1)]
  return {
    summary: `Likes ${first}, and asks often about ${second}.`,
    profile: {
      likes: [...new Set([first, second])],
      answers: numberOf(2, plan, 'answers', n) ? 'short' : 'long',
    },
  }
}

/** The events of the user of that number. */
export function eventsOf(plan: Plan, n: number, creatorId: string): NewEvent[] {
  const idOf = createIds(plan, 'event')
  return YEARS.map((year, k) => {
    const at =
      year.getTime() +
      numberOf(150, plan, 'day', n, k) * DAY_MS +
      (11 + numberOf(8, plan, 'hour', n, k)) * HOUR_MS
    const start = new Date(at)
    const number = n * YEARS.length + k
    return {
      id: idOf(start, number),
      creatorId,
      summary: pick(SUMMARIES, plan, 'summary', n, k),
      start,
      timezone: 'America/Sao_Paulo',
      reminders: [60],
      externalId: `seed-${number}`,
    }
  })
}
