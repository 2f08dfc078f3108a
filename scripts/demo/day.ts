import type { Bot } from './bot.ts'
import { type Line, type Person, spoken } from './cast.ts'
import type { DemoStore } from './shapes.ts'

/** Somebody whom the bot has met. */
export interface Guest {
  userId: string
  person: Person
}

type OnStored = (messages: number) => void

/** Of so many incoming messages one is delivered twice. */
const DELIVERED_TWICE = 20
const SECOND_MS = 1000

/** The parts of the day. In each of them everybody writes at the same time. */
export function createDay(store: DemoStore, bot: Bot) {
  const tally = { stored: 0, repeats: 0 }
  let deliveries = 0

  /** A repeat gives the message that is there, and tells so. */
  async function say(userId: string, line: Line): Promise<void> {
    const { created } = await store.storeMessage({ userId, ...line })
    if (created) tally.stored++
    else tally.repeats++
  }

  /** A webhook. Some come twice, at the same time. */
  const deliver = (userId: string, line: Line): Promise<void>[] =>
    line.externalId && deliveries++ % DELIVERED_TWICE === 0
      ? [say(userId, line), say(userId, line)]
      : [say(userId, line)]

  /** Two messages of somebody unknown, at once: one of them makes the user, the other one finds them. */
  function meet(person: Person) {
    const clock = clockFrom(person.begins)
    return Promise.all(
      ['Hi!', 'Are you the assistant that Ana told me about?'].map(async (content) => {
        const { user, created } = await bot.meet(person.phone)
        await say(user.id, { sender: 'user', content, timestamp: clock() })
        return { userId: user.id, person, created }
      }),
    )
  }

  async function register({ userId, person: { begins, name, email } }: Guest): Promise<void> {
    const clock = clockFrom(new Date(begins.getTime() + 60 * SECOND_MS))
    const said = (sender: string, content: string) => say(userId, { sender, content, timestamp: clock() })
    await said('assistant', 'I am, and I would like to know you. What is your name?')
    await said('user', name)
    await bot.learnName(userId, name)
    await said('assistant', 'And your e-mail address?')
    await said('user', email)
    await bot.learnEmail(userId, email)
    await said('assistant', 'Thank you. How can I help?')
  }

  async function converse({ userId, person }: Guest, onStored: OnStored): Promise<void> {
    for (const { incoming, replies } of person.turns) {
      await Promise.all(incoming.flatMap((line) => deliver(userId, line)))
      for (const line of replies) await say(userId, line)
      await bot.renewContext(userId)
      onStored(incoming.length + replies.length)
    }
  }

  /** The event grows on the user, a piece a message. Of two that say yes, one stores it. */
  async function arrange({ userId, person: { appointment } }: Guest): Promise<boolean[]> {
    if (!appointment) return []
    const clock = clockFrom(new Date(Date.now() - 180 * SECOND_MS))
    const line = (sender: string, content: string): Line => ({ sender, content, timestamp: clock() })
    for (const [n, { says, draft, state, answer }] of appointment.steps.entries()) {
      const spokenFirst = n === 0 ? spoken : (written: Line) => written
      await say(userId, spokenFirst(line('user', says)))
      await bot.draft(userId, draft, state)
      await say(userId, line('assistant', answer))
      await bot.renewContext(userId)
    }
    const confirmations = appointment.yes.map(async (yes) => {
      await say(userId, line('user', yes))
      return bot.confirm(userId)
    })
    const counted = await Promise.all(confirmations)
    await say(userId, line('assistant', appointment.done))
    return counted
  }

  return {
    /** What the store answered to all that was said. */
    tally,
    async firstContact(people: Person[]): Promise<{ guests: Guest[]; messages: number }> {
      const met = (await Promise.all(people.map(meet))).flat()
      return { guests: met.filter(({ created }) => created), messages: met.length }
    },
    async registration(guests: Guest[]): Promise<void> {
      await Promise.all(guests.map(register))
    },
    async conversations(guests: Guest[], onStored: OnStored): Promise<void> {
      await Promise.all(guests.map((guest) => converse(guest, onStored)))
    },
    /** Nobody waits for anybody: all of it is sent at once. */
    async rushHour(guests: Guest[]): Promise<void> {
      await Promise.all(
        guests.flatMap(({ userId, person }) => person.rush.flatMap((line) => deliver(userId, line))),
      )
    },
    async appointments(guests: Guest[]): Promise<{ taken: number; refused: number }> {
      const counted = (await Promise.all(guests.map(arrange))).flat()
      return { taken: counted.filter((yes) => yes).length, refused: counted.filter((yes) => !yes).length }
    },
    async renewContexts(guests: Guest[]): Promise<void> {
      await Promise.all(guests.map(({ userId }) => bot.renewContext(userId)))
    },
  }
}

/** Ten seconds pass from one line to the next. */
function clockFrom(start: Date): () => Date {
  let at = start.getTime()
  return () => {
    at += 10 * SECOND_MS
    return new Date(at)
  }
}
