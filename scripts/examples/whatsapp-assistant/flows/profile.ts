import { z } from 'zod'
import type { Intent } from '../model.ts'
import type { Scene, Turn } from '../turn.ts'

const WAITING = 'waiting_for_name_and_email'
const name = z.string().min(1).max(200)
const email = z.email().max(320)

/** Who they are: asked at the first contact, when nothing but a number is known, and when they want to change it. */
export async function decideProfile({ user, message, model }: Scene, intent: Intent): Promise<Turn> {
  const { registration, editing } = user.states
  if (!registration && !editing)
    return {
      answer: 'What shall I change: your name, your e-mail address?',
      user: { states: { editing: WAITING } },
    }
  if (editing && intent === 'no') return { answer: 'It stays as it is.', user: { states: { editing: null } } }

  const said = await model.profile(message.content)
  /* Whatever is undefined leaves what is stored. */
  const given = { name: name.safeParse(said.name).data, email: email.safeParse(said.email).data }
  const known = { name: given.name ?? user.name, email: given.email ?? user.email }
  const question = questionAfter({ isNew: Boolean(registration), given, known, attempt: said.email })
  if (question) return { answer: question, user: given }
  return {
    answer: `Thank you, ${known.name}: I have noted ${known.email}. I keep appointments, say "schedule".`,
    user: { ...given, states: { registration: null, editing: null } },
  }
}

interface Known {
  name?: string | null
  email?: string | null
}

interface Answered {
  isNew: boolean
  given: Known
  known: Known
  /** What was given for an e-mail address, be it one or not. */
  attempt: string | undefined
}

/** What is still to be asked; undefined when nothing is. */
function questionAfter({ isNew, given, known, attempt }: Answered): string | undefined {
  if (attempt && !given.email) return 'That is no e-mail address. Can you write it once more?'
  if (!isNew)
    return given.name || given.email ? undefined : 'I found neither a name nor an e-mail address there.'
  if (!known.name && !known.email) return 'Hello! I am your assistant. What are your name and e-mail address?'
  if (!known.name) return 'And what is your name?'
  return known.email ? undefined : `Nice to meet you, ${known.name}. And your e-mail address?`
}
