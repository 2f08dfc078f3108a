import { showCalendar } from './demo/calendar.ts'
import { castOf } from './demo/cast.ts'
import { createNarrator } from './demo/narrate.ts'
import { createScreen, number, type Screen } from './demo/screen.ts'
import type { DemoStore } from './demo/shapes.ts'
import { showPerson, showStore } from './demo/show.ts'
import { openStage } from './demo/stage.ts'
import { type Conversation, generateConversations, loadConversations } from './lib/conversations.ts'
import { loadEnv } from './lib/env.ts'
import { createProgram, integer, run } from './lib/run.ts'

const program = createProgram(
  'demo',
  'Plays a day of a messaging bot, and shows what the store holds of it. Nothing of it stays.',
)
  .option('--people <n>', 'how many people write to the bot', integer(2, 500), 60)
  .option('--messages <n>', 'how many messages of conversations they share', integer(1000, 100_000), 20_000)
  .option('--offline', 'generated conversations; the real ones are downloaded once')
  .option('--json', 'nothing but the figures, as JSON')

interface Options {
  people: number
  messages: number
  offline?: boolean
  json?: boolean
}

await run('demo', async (defer) => {
  loadEnv()
  const options = program.parse().opts<Options>()
  const began = performance.now()
  const screen = createScreen(process.stdout, options.json ?? false)
  screen.line()
  screen.rule('dialogue-store', 'a day of a messaging bot')
  const { store, server } = await openStage(options.messages, defer)
  screen.row('server', server)
  const { conversations, source, reason } = await findConversations(options)
  screen.row(
    'people',
    `${number(options.people)}, who share ${number(options.messages)} messages of ${source}`,
  )
  if (reason) screen.note(`real ones cannot be had: ${reason}`)
  screen.line()
  const { somebody, report } = await playDay(store, screen, conversations, options)
  await showPerson(store, screen, somebody)
  const stats = await showStore(store, screen, report)
  const calendar = await showCalendar(store, screen, somebody, defer)
  screen.line()
  screen.rule('', `played in ${((performance.now() - began) / 1000).toFixed(1)} s; nothing of it stays`)
  screen.line()
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ server, source, ...report, stats, calendar }, null, 2)}\n`)
  }
})

/** Real conversations, or generated ones, and why. */
async function findConversations({ people, messages, offline }: Options) {
  const generated = () => generateConversations({ users: people * 2, messages: messages * 2 })
  if (offline) return { conversations: generated(), source: 'generated conversations' }
  try {
    return { conversations: await loadConversations(), source: 'real conversations' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { conversations: generated(), source: 'generated conversations', reason }
  }
}

/** The whole day, and somebody who took part in it. */
async function playDay(store: DemoStore, screen: Screen, conversations: Conversation[], options: Options) {
  const narrator = createNarrator(store, screen)
  const { guests, report: firstContact } = await narrator.firstContact(castOf(conversations, options))
  const report = {
    firstContact,
    registration: await narrator.registration(guests),
    conversations: await narrator.conversations(guests),
    rushHour: await narrator.rushHour(guests),
    appointments: await narrator.appointments(guests),
    contexts: await narrator.contexts(guests),
  }
  await narrator.check(report.contexts)
  const [first] = guests
  if (!first) throw new Error('Nobody was met')
  return { somebody: first.userId, report }
}
