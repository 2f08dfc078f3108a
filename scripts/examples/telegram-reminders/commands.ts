import { type Context, type Filter, InputFile, type SessionFlavor } from 'grammy'
import { hasCode } from '../common/errors.ts'
import { described, readWish } from './remind.ts'
import type { Person, State, Store } from './shapes.ts'

/** What the bot remembers of the chat, and whose it is. */
export type Chat = Context & SessionFlavor<State> & { person: Person }
export type Said = Filter<Chat, 'message:text'>

/** A list of so many lines, each with a time, is within the 4,096 characters of a message. */
const MOST_LISTED = 20
const LISTED_CHARACTERS = 100
const HELP = [
  '/remind tomorrow at 9 call the dentist, 30 minutes before',
  '/list what is to come',
  '/cancel 2 the second of the list',
  '/timezone Europe/Berlin',
  '/mydata all that I keep of you',
  '/forget me',
].join('\n')

/**
 * What the bot does. Telegram gives an update again to a bot that died before it had confirmed it, so each of these may
 * run twice: if it died before the session was written, which notes what was heard.
 */
export function createCommands(store: Store, timezone: string) {
  const zoneOf = ({ person }: Chat) => person.timezone ?? timezone

  async function remind(ctx: Said, text: string): Promise<void> {
    const wish = readWish(text, zoneOf(ctx), new Date(ctx.message.date * 1000))
    ctx.session.asked = typeof wish === 'string' ? 'remind' : undefined
    if (typeof wish === 'string') return void (await ctx.reply(wish))
    const { event } = await store.storeEvent({
      ...{ ...wish, creatorId: ctx.person.id, timezone: zoneOf(ctx) },
      /* The message is in this chat only, and so is the event of its creator: the same one again is the same event. */
      externalId: `message ${ctx.message.message_id}`,
    })
    await ctx.reply(`I will remind you. ${described(event, zoneOf(ctx))}`)
  }

  async function list(ctx: Said): Promise<void> {
    const filter = { creatorId: ctx.person.id, from: new Date(), limit: MOST_LISTED }
    const { events, count } = await store.retrieveEvents(filter)
    ctx.session.listed = events.map(({ id }) => id)
    const lines = events.map((event, index) => {
      const summary = shortened(event.summary)
      return `${index + 1}. ${described({ ...event, summary }, zoneOf(ctx))}`
    })
    const more = count > events.length ? [`and ${count - events.length} more`] : []
    await ctx.reply([...lines, ...more].join('\n') || 'There is nothing to come.')
  }

  async function cancel(ctx: Said, number: string): Promise<void> {
    const id = ctx.session.listed[Number(number) - 1]
    if (!id) return void (await ctx.reply('Which one? Say /list, and then /cancel with its number.'))
    const { summary } = await store.cancelEvent(id)
    await ctx.reply(`Cancelled: ${summary}`)
  }

  async function setTimezone(ctx: Said, name: string): Promise<void> {
    try {
      await store.updateUser(ctx.person.id, { timezone: name })
      await ctx.reply(`Your time zone is ${name}.`)
    } catch (error) {
      if (!hasCode(error, 'INVALID_INPUT')) throw error
      await ctx.reply('I do not know that one. Such as: /timezone Europe/Berlin')
    }
  }

  /** As it is read, so that it needs no memory, however much it is. */
  async function* linesOf(userId: string): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder()
    for await (const item of store.exportUser(userId)) yield encoder.encode(`${JSON.stringify(item)}\n`)
  }

  async function giveData(ctx: Said): Promise<void> {
    await ctx.replyWithDocument(new InputFile(linesOf(ctx.person.id), 'my-data.jsonl'))
  }

  async function askForget(ctx: Said): Promise<void> {
    ctx.session.asked = 'forget'
    await ctx.reply('Shall I forget all of your reminders, and you? yes or no')
  }

  async function forget(ctx: Said): Promise<void> {
    ctx.session.asked = undefined
    if (!/^yes\b/i.test(ctx.message.text)) return void (await ctx.reply('I forget nothing.'))
    await store.deleteUser(ctx.person.id)
    /* It went with them. grammY is told not to write it again. */
    ctx.session = undefined
    await ctx.reply('It is all forgotten. Goodbye!')
  }

  return {
    ...{ remind, list, cancel, setTimezone, giveData, askForget },
    /** What is no command may be what was asked for. */
    async answer(ctx: Said): Promise<void> {
      if (ctx.session.asked === 'remind') return remind(ctx, ctx.message.text)
      if (ctx.session.asked === 'forget') return forget(ctx)
      await ctx.reply(HELP)
    },
  }
}

const shortened = (text: string): string =>
  text.length > LISTED_CHARACTERS ? `${text.slice(0, LISTED_CHARACTERS).toWellFormed()}…` : text
