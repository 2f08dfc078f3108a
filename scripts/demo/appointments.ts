import type { Draft } from './shapes.ts'

/** One thing that somebody says about their appointment, and what the bot makes of it. */
export interface Step {
  says: string
  /** What a model would take out of it. */
  draft: Draft
  /** Where the user stands then. */
  state: 'waiting_for_event_data' | 'waiting_for_confirm'
  answer: string
}

export interface Appointment {
  steps: Step[]
  /** Somebody is impatient: all of it arrives at once. */
  yes: string[]
  done: string
}

interface Plan {
  summary: string
  ask: string
  location: string
  hour: number
  minutes: number
  attendee: { email: string; displayName: string }
}

const PLANS: readonly [Plan, ...Plan[]] = [
  {
    summary: 'Dentist',
    ask: 'Can you book the dentist for me, please?',
    location: 'Rua Augusta 100',
    hour: 10,
    minutes: 30,
    attendee: { email: 'dr.lima@example.com', displayName: 'Dr. Lima' },
  },
  {
    summary: "Parents' evening",
    ask: "There is a parents' evening at school, and I always forget it.",
    location: 'Escola da Vila, room 12',
    hour: 19,
    minutes: 90,
    attendee: { email: 'escola@example.com', displayName: 'Escola da Vila' },
  },
  {
    summary: 'Lunch with Beatriz',
    ask: 'I want to have lunch with Beatriz one of these days!',
    location: 'Padaria da esquina',
    hour: 12,
    minutes: 60,
    attendee: { email: 'beatriz@example.com', displayName: 'Beatriz' },
  },
]

export const TIMEZONE = 'America/Sao_Paulo'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** All year round, so that the example gets by without a library of time zones. */
const BEHIND_UTC_MS = 3 * HOUR_MS

const when = new Intl.DateTimeFormat('en-GB', {
  timeZone: TIMEZONE,
  weekday: 'long',
  hour: '2-digit',
  minute: '2-digit',
})

/** The appointment of that number: one of three kinds, in the next seven days. */
export function appointmentOf(index: number): Appointment {
  const { summary, ask, location, hour, minutes, attendee } = PLANS[index % PLANS.length] ?? PLANS[0]
  const midnight = Math.floor((Date.now() - BEHIND_UTC_MS) / DAY_MS) * DAY_MS + BEHIND_UTC_MS
  const start = new Date(midnight + (1 + (index % 7)) * DAY_MS + hour * HOUR_MS)
  const end = new Date(start.getTime() + minutes * 60_000)
  const waiting = 'waiting_for_event_data'
  return {
    steps: [
      { says: ask, draft: { summary }, state: waiting, answer: 'Gladly. When is it?' },
      {
        says: `On ${when.format(start)}, for ${minutes} minutes.`,
        draft: { start: start.toISOString(), end: end.toISOString() },
        state: waiting,
        answer: 'And where, and with whom?',
      },
      {
        says: `${location}, with ${attendee.displayName}. Remind me an hour before.`,
        draft: { location, attendees: [attendee], reminders: [60] },
        state: 'waiting_for_confirm',
        answer: `${summary}, ${when.format(start)}, ${location}. Is that right?`,
      },
    ],
    yes: ['yes', 'yes!'],
    done: 'It is in your calendar.',
  }
}
