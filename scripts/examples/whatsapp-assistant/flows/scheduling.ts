import { written } from '../../common/when.ts'
import type { Intent } from '../model.ts'
import type { Draft, Person } from '../shapes.ts'
import type { Scene, Turn } from '../turn.ts'

const HOUR = 60
const OVER = 'That is over already. When will it be?'

/** An appointment in steps: its draft grows on the user, a piece a message, until they confirm it. */
export async function decideScheduling({ user, message, model }: Scene, intent: Intent): Promise<Turn> {
  const { scheduling } = user.states
  if (scheduling && intent === 'no')
    return {
      answer: 'Then there is no appointment.',
      user: { states: { scheduling: null }, data: { draft: null } },
    }
  if (scheduling === 'waiting_for_confirm' && intent === 'yes') return book(user)

  const soFar = user.data.draft ?? {}
  const piece = await model.draft(message.content, soFar, zoneOf(user))
  const draft = { ...soFar, ...piece }
  const question = questionAfter(draft)
  const state = question ? 'waiting_for_event_data' : 'waiting_for_confirm'
  return {
    answer: question ?? `${described(draft, user)}. Shall I note it? yes or no`,
    /* Merged with what is stored: other data of the user is not touched. */
    user: {
      states: { scheduling: state },
      data: { draft: question === OVER ? { ...piece, start: null } : piece },
    },
  }
}

/** What is still to be asked; undefined when nothing is. */
function questionAfter({ summary, start }: Draft): string | undefined {
  if (!summary)
    return 'What is the appointment, and when? Such as: Dentist, tomorrow at 14:00, Rua Augusta 100'
  if (!start) return 'When is it?'
  return Date.parse(start) < Date.now() ? OVER : undefined
}

function book(user: Person): Turn {
  const { summary = '', start = '', minutes = HOUR, ...rest } = user.data.draft ?? {}
  const begins = new Date(start)
  const ends = new Date(begins.getTime() + minutes * 60_000)
  const lastBooked = described(user.data.draft ?? {}, user)
  return {
    answer: `It is noted: ${lastBooked}.`,
    user: { states: { scheduling: null }, data: { draft: null } },
    context: { lastBooked },
    event: { ...rest, summary, start: begins, end: ends, timezone: zoneOf(user), reminders: [HOUR] },
  }
}

function described({ summary, start, location }: Draft, user: Person): string {
  const when = start && written(new Date(start), zoneOf(user))
  return [summary, when, location].filter(Boolean).join(', ')
}

const zoneOf = ({ timezone }: Person): string => timezone ?? 'UTC'
