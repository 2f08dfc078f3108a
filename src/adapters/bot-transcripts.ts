import type { Activity, PagedResult, TranscriptInfo } from 'botbuilder-core'
import { z } from 'zod'
import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { encodeCursor, type Position } from '../cursor.ts'
import { withFailuresAs } from '../db/failure.ts'
import { forWhoever, unlessErased } from '../erased.ts'
import { invalidInput, notRepeatable } from '../errors.ts'
import { nextId, ObjectId } from '../ids.ts'
import { callable, date, parse } from '../input.ts'
import { callback, observed } from '../log.ts'
import type { Message } from '../messages/schema.ts'
import type { Identity } from '../users/schema.ts'
import * as fields from './bot-activity.ts'
import { type Conversation, createRegister, nameOf } from './bot-register.ts'

export interface BotTranscriptsOptions<A extends object = Activity> {
  /**
   * Whose message an activity becomes; who is not known yet is created. Default: the channel as provider, and the
   * account that is not the bot's.
   */
  identityOf?: (activity: A) => Identity | Promise<Identity>
  /**
   * Makes an activity of what was logged, whose dates are dates. Default: it is one. The Agents SDK has a class of its
   * own: `Activity.fromObject`.
   */
  toActivity?: (logged: object) => A
}

/** The `TranscriptStore` of botbuilder-core, or of `@microsoft/agents-hosting`. */
export interface BotTranscripts<A extends object = Activity> {
  logActivity(activity: A): Promise<void>
  getTranscriptActivities(
    channelId: string,
    conversationId: string,
    continuationToken?: string,
    startDate?: Date,
  ): Promise<PagedResult<A>>
  listTranscripts(channelId: string, continuationToken?: string): Promise<PagedResult<TranscriptInfo>>
  deleteTranscript(channelId: string, conversationId: string): Promise<void>
}

const transcriptsOptions = <A extends object>() =>
  z.strictObject({
    identityOf: callable<NonNullable<BotTranscriptsOptions<A>['identityOf']>>().optional(),
    toActivity: callable<NonNullable<BotTranscriptsOptions<A>['toActivity']>>().optional(),
  })

/** As many as the framework's own stores give. */
const PAGE = 20
/** Members of a conversation whose messages are read at once. */
const AT_ONCE = 20

/**
 * A `TranscriptStore` for the Bot Framework, or the Agents SDK of Microsoft. Activities are messages of their user in
 * the conversation `channelId/conversationId`, with all of the activity in `metadata`; one that is logged again is
 * stored once.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function botTranscripts<S extends Shapes = Shapes, A extends object = Activity>(
  store: DialogueStore<S>,
  options: BotTranscriptsOptions<A> = {},
): BotTranscripts<A> {
  const { sessions, observer } = internalsIn(store)
  const { identityOf, toActivity: made } = parse(transcriptsOptions<A>(), options, ['options'])
  const toActivity = made && ((logged: object) => callback(() => made(logged)))
  /* What shapes say of metadata is checked when it is stored. */
  const needs = { store: store as DialogueStore, register: createRegister(sessions), identityOf, toActivity }
  const named = { ...observer, prefix: 'transcript.' }
  const writing = { logActivity: createLogging(needs), deleteTranscript: createDeleting(needs) }
  return Object.assign(
    observed(named, 'info', 'user', writing),
    observed(named, 'debug', 'user', createReading(needs)),
  )
}

interface Needs<A extends object> {
  store: DialogueStore
  register: ReturnType<typeof createRegister>
  identityOf: BotTranscriptsOptions<A>['identityOf']
  /** Absent: what is logged is an activity. */
  toActivity: ((logged: object) => Promise<A>) | undefined
}

function createLogging<A extends object>({ store, register, identityOf, toActivity }: Needs<A>) {
  return async (logged: A): Promise<void> => {
    /* The Agents SDK logs copies, which have lost the getter of their channel. */
    const activity = toActivity ? await toActivity(logged) : logged
    const { conversation, identity, ...message } = fields.toEntry(activity, logged)
    /* The framework waits for no logging to end: of one time, what was logged first comes first. */
    let next = nextId()
    const whose = identityOf ? await callback(() => identityOf(activity)) : identity
    await forWhoever(
      () => store.ensureUser(whose),
      async ({ user }) => {
        const id = next
        next = nextId()
        const note = () => register.note(conversation, new ObjectId(user.id), message.timestamp)
        await note()
        await store.storeMessage({ id, userId: user.id, conversationId: nameOf(conversation), ...message })
        /* Who deletes the transcript meanwhile forgets who has a part in it. It is stored by now. */
        await withFailuresAs('unknown', note)
      },
    ).catch((error: unknown) => {
      /* Logged again, it would be another message. */
      throw message.externalId === undefined ? notRepeatable(error) : error
    })
  }
}

function createDeleting({ store, register }: Pick<Needs<object>, 'store' | 'register'>) {
  return async (channelId: string, conversationId: string): Promise<void> => {
    const conversation = conversationIn(channelId, conversationId)
    await withFailuresAs('unknown', async () => {
      for await (const member of register.members(conversation)) {
        const { userId } = member
        const remove = () =>
          userId &&
          unlessErased(0, () => store.deleteMessages(userId, { conversationId: nameOf(conversation) }))
        await remove()
        await register.remove(member)
        /* What came before it was forgotten who has a part in it. */
        await remove()
      }
    })
  }
}

function createReading<A extends object>({ store, register, toActivity }: Needs<A>) {
  return {
    async getTranscriptActivities(
      channelId: string,
      conversationId: string,
      continuationToken?: string,
      startDate?: Date,
    ): Promise<PagedResult<A>> {
      const conversation = conversationIn(channelId, conversationId)
      const from = parse(date.nullish(), startDate, ['startDate']) ?? undefined
      const place = placeIn(continuationToken)
      const userIds: ObjectId[] = []
      for await (const { userId } of register.members(conversation)) if (userId) userIds.push(userId)
      const read = async (userId: ObjectId): Promise<Message[]> => {
        const after = encodeCursor(userId, place)
        const limits = { conversationId: nameOf(conversation), after, limit: PAGE, count: false }
        const { messages } = await unlessErased({ messages: [] }, () =>
          store.retrieveHistory(userId, { ...limits, ...(from && { from }) }),
        )
        return messages
      }
      let first: Message[] = []
      for (let i = 0; i < userIds.length; i += AT_ONCE) {
        const pages = await Promise.all(userIds.slice(i, i + AT_ONCE).map(read))
        first = [...first, ...pages.flat()].sort(inOrder).slice(0, PAGE)
      }
      const logged = first.map(({ metadata }) => fields.toLogged(metadata))
      const activities = await Promise.all(logged.map((one) => toActivity?.(one) ?? (one as A)))
      return toPage(activities, () => toToken(first.at(-1)))
    },

    async listTranscripts(channel: string, continuationToken?: string): Promise<PagedResult<TranscriptInfo>> {
      const channelId = parse(fields.channelId, channel, ['channelId'])
      const after = conversationAfter(continuationToken)
      const items: TranscriptInfo[] = []
      for await (const found of register.list(channelId, after))
        if (items.push({ channelId, ...found }) === PAGE) break
      return toPage(items, () => Buffer.from(`1 ${items.at(-1)?.id}`).toString('base64url'))
    },
  }
}

/** @throws DialogueStoreError `INVALID_INPUT` */
const conversationIn = (channelId: unknown, conversationId: unknown): Conversation => ({
  channelId: parse(fields.channelId, channelId, ['channelId']),
  id: parse(fields.conversation, { channelId, id: conversationId }, ['conversation']).id,
})

const inOrder = (a: Message, b: Message): number =>
  a.timestamp.getTime() - b.timestamp.getTime() || (a.id < b.id ? -1 : 1)

/** As the framework's own do: a full page has a token, the last one too. Its types know no page without one. */
const toPage = <T>(items: T[], toTokenOf: () => string): PagedResult<T> =>
  ({ items, continuationToken: items.length === PAGE ? toTokenOf() : undefined }) as PagedResult<T>

const BEGINNING: Position = { timestamp: new Date(-8.64e15), id: new ObjectId('0'.repeat(24)) }

/* A token is a place among the messages of all users. */
const toToken = (last: Message | undefined): string =>
  last ? `1_${last.timestamp.getTime()}_${last.id}` : ''

/** Undefined: from the beginning. */
function givenToken(token: unknown): string | undefined {
  if (token === undefined || token === null || token === '') return undefined
  if (typeof token !== 'string') throw notOurs()
  return token
}

function placeIn(token: unknown): Position {
  const given = givenToken(token)
  if (given === undefined) return BEGINNING
  const [, ms, hex = ''] = /^1_(-?\d{1,16})_([0-9a-f]{24})$/.exec(given) ?? []
  const timestamp = new Date(Number(ms))
  if (Number.isNaN(timestamp.getTime())) throw notOurs()
  return { timestamp, id: new ObjectId(hex) }
}

function conversationAfter(token: unknown): string | undefined {
  const given = givenToken(token)
  if (given === undefined) return undefined
  const [version, ...rest] = Buffer.from(given, 'base64url').toString().split(' ')
  if (version !== '1' || rest.length === 0) throw notOurs()
  return rest.join(' ')
}

const notOurs = () =>
  invalidInput([{ path: ['continuationToken'], reason: 'is not a token of this version of the library' }])
