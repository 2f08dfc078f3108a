import type { CalendarEvent, Message, Stats } from '../../src/index.ts'
import { TIMEZONE } from './appointments.ts'
import { gauge, number, type Screen, size } from './screen.ts'
import type { DemoStore } from './shapes.ts'

const PAGE = 12
const EVENTS = 3

/** One person as the store knows them: who they are, the end of their history, their context, their events. */
export async function showPerson(store: DemoStore, screen: Screen, userId: string): Promise<void> {
  const user = await store.getUser(userId)
  const [{ provider, id } = { provider: 'no identity', id: '' }] = user.identities
  screen.line()
  screen.rule(user.name ?? 'somebody', `${provider} ${id}`)
  screen.row('user', [user.email, user.locale].filter(Boolean).join(', '), `version ${user.version}`)
  await showHistory(store, screen, userId)
  await showContext(store, screen, userId)
  await showEvents(store, screen, 'Next events', userId)
}

async function showHistory(store: DemoStore, screen: Screen, userId: string): Promise<void> {
  const { messages, count, countIsExact, older, newer } = await store.retrieveHistory(userId, { limit: PAGE })
  screen.heading(
    'History',
    `the newest ${messages.length} of ${countIsExact ? '' : 'at least '}${number(count ?? 0)} messages`,
  )
  for (const message of messages)
    screen.said(timeOf(message), message.sender, message.content, spokenFor(message))
  screen.row('cursors', `older ${shortened(older)}, newer ${shortened(newer)}`)
  if (!older) return
  const before = await store.retrieveHistory(userId, { limit: PAGE, before: older, count: false })
  const [first, last] = [before.messages[0], before.messages.at(-1)]
  if (first && last)
    screen.note(`older leads to ${before.messages.length} messages from ${timeOf(first)} to ${timeOf(last)}`)
}

async function showContext(store: DemoStore, screen: Screen, userId: string): Promise<void> {
  const { data, version, pending } = await store.retrieveContext(userId, { pending: true })
  screen.heading('Context', `version ${version}, ${pending} messages pending`)
  screen.row('summary', data.summary ?? 'none')
  screen.row(
    'topics',
    Object.entries(data.topics ?? {})
      .map(([topic, times]) => `${topic} ${times}`)
      .join(', '),
  )
  screen.row('covers', `${number(data.messages ?? 0)} messages`)
}

/** What is still to come, of somebody or of all, with who made it. */
async function showEvents(
  store: DemoStore,
  screen: Screen,
  title: string,
  creatorId?: string,
): Promise<void> {
  const { events, count } = await store.retrieveEvents({
    ...(creatorId && { creatorId }),
    from: new Date(),
    withCreator: true,
    limit: EVENTS,
  })
  screen.heading(title, `${events.length} of ${number(count)}`)
  for (const event of events) {
    const when = `${day.format(event.start)} ${hours.format(event.start)}`
    screen.row(when, titleOf(event), `by ${event.creator?.name}`)
    if (creatorId) screen.note(detailsOf(event))
  }
}

interface Rates {
  conversations: { perSecond: number }
  rushHour: { perSecond: number }
}

/** The whole store: how many of what, how full the message collection is, how fast it went. */
export async function showStore(store: DemoStore, screen: Screen, rates: Rates): Promise<Stats> {
  const stats = await store.stats()
  const { users, contexts, events, messages } = stats
  const fill = messages.fill ?? 0
  screen.line()
  screen.rule('The store', `${number(users)} users, ${number(contexts)} contexts, ${number(events)} events`)
  const cap = size(messages.capBytes ?? 0)
  screen.row('messages', `${number(messages.count)} in a capped collection of ${cap}`)
  screen.row('fill', `${gauge(fill)} ${Math.round(fill * 100)} %`, size(messages.sizeBytes))
  const { conversations, rushHour } = rates
  screen.row(
    'rate',
    `${number(conversations.perSecond)} messages/s turn by turn, ${number(rushHour.perSecond)}/s in the rush hour`,
  )
  await showEvents(store, screen, 'Next of everybody')
  return stats
}

const inZone = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: TIMEZONE, ...options })
const hours = inZone({ hour: '2-digit', minute: '2-digit' })
const day = inZone({ weekday: 'short', day: 'numeric', month: 'short' })
const timeOf = ({ timestamp }: Message): string => hours.format(timestamp)

const spokenFor = ({ audio }: Message): string => (audio ? `voice, ${audio.durationSeconds} s` : '')
const shortened = (cursor: string | null): string =>
  cursor ? `${cursor.slice(0, 6)}…${cursor.slice(-6)}` : 'none'
const titleOf = ({ summary, location }: CalendarEvent): string =>
  [summary, location].filter(Boolean).join(', ')
const detailsOf = ({ attendees, reminders }: CalendarEvent): string =>
  [
    attendees.length > 0 &&
      `with ${attendees.map(({ displayName, email }) => displayName ?? email).join(', ')}`,
    reminders.length > 0 && `a reminder ${reminders.join(' and ')} minutes before`,
  ]
    .filter(Boolean)
    .join(', ')
