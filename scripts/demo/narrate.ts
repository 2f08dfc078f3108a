import { createProgress } from '../lib/progress.ts'
import { createBot } from './bot.ts'
import type { Person } from './cast.ts'
import { createDay, type Guest } from './day.ts'
import { readContexts, readRegistrations, readVoiceNotes } from './readback.ts'
import { number, type Screen } from './screen.ts'
import type { DemoStore } from './shapes.ts'
import { timed } from './timed.ts'

/** Plays the parts of the day, and tells of each what the store holds afterwards. */
export function createNarrator(store: DemoStore, screen: Screen) {
  const day = createDay(store, createBot(store))
  const countMessages = async () => (await store.stats()).messages.count

  /** How many messages a part of the day adds to the store, and how fast. */
  async function measured(part: () => Promise<void>) {
    const before = await countMessages()
    const [, seconds] = await timed(part)
    const messages = (await countMessages()) - before
    return { messages, seconds, perSecond: Math.round(messages / seconds) }
  }

  return {
    async firstContact(people: Person[]) {
      const [{ guests, messages }, seconds] = await timed(() => day.firstContact(people))
      const { users } = await store.stats()
      const text = `${number(messages)} first messages at once made ${number(users)} users`
      screen.step('First contact', text, seconds)
      screen.note('each of them known by a phone number only')
      return { guests, report: { messages, users } }
    },

    async registration(guests: Guest[]) {
      const [, seconds] = await timed(() => day.registration(guests))
      const report = await readRegistrations(store)
      screen.step('Registration', `${number(report.known)} have a name and an e-mail address now`, seconds)
      screen.note('waiting_for_name_and_email → waiting_for_email → done')
      return report
    },

    async conversations(guests: Guest[]) {
      const total = guests.reduce((sum, { person }) => sum + lengthOf(person), 0)
      const report = await measured(() => {
        const progress = createProgress({ total, label: '  Talking', unit: 'messages' })
        return day.conversations(guests, progress.add).finally(progress.stop)
      })
      screen.eraseBar()
      const { messages, seconds, perSecond } = report
      const text = `${number(messages)} messages, turn by turn, ${number(perSecond)} a second`
      screen.step('Conversations', text, seconds)
      return report
    },

    async rushHour(guests: Guest[]) {
      const report = await measured(() => day.rushHour(guests))
      const voice = await readVoiceNotes(store, idsOf(guests))
      const { repeats } = day.tally
      const { messages, seconds, perSecond } = report
      const text = `${number(messages)} messages, all at once, ${number(perSecond)} a second`
      screen.step('Rush hour', text, seconds)
      screen.note(`${number(voice)} of all messages are voice notes, with their audio`)
      screen.note(`${number(repeats)} webhooks came twice: stored once, created: false`)
      return { ...report, voice, repeats }
    },

    async appointments(guests: Guest[]) {
      const [{ taken, refused }, seconds] = await timed(() => day.appointments(guests))
      const { events } = await store.stats()
      screen.step(
        'Appointments',
        `${number(events)} events, each drafted on its user in three steps`,
        seconds,
      )
      const yes = number(taken + refused)
      screen.note(`"yes" came ${yes} times: ${number(taken)} counted, ${number(refused)} were STATE_CONFLICT`)
      return { events, taken, refused }
    },

    async contexts(guests: Guest[]) {
      const [, seconds] = await timed(() => day.renewContexts(guests))
      const report = await readContexts(store, idsOf(guests))
      const { writes, covered, pending } = report
      screen.step('Contexts', `renewed ${number(writes)} times, when ten messages were pending`, seconds)
      screen.note(`they take in ${number(covered)} messages; ${number(pending)} are pending`)
      return report
    },

    /** @throws Error if a message is missing, or too many */
    async check({ covered, pending }: { covered: number; pending: number }): Promise<void> {
      const [stored, given] = [await countMessages(), day.tally.stored]
      if (stored === given && covered + pending === given) return
      throw new Error(
        `The store was given ${given} messages and holds ${stored}; ${covered} are in contexts, ${pending} pending`,
      )
    },
  }
}

const idsOf = (guests: Guest[]): string[] => guests.map(({ userId }) => userId)

const lengthOf = ({ turns }: Person): number =>
  turns.reduce((sum, { incoming, replies }) => sum + incoming.length + replies.length, 0)
