import { beforeAll, describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { createCalendarSync } from '../../src/google-calendar.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeConversation } from '../../src/testing/index.ts'
import { makeUser, rejection, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

/** What a user has said: no error may quote it. */
const SECRET = 'hunter2'

const shapes = {
  context: z.object({
    topic: z.union([z.strictObject({ name: z.string() }), z.strictObject({ parts: z.array(z.int()) })]),
  }),
}

let store: DialogueStore
let id: string
beforeAll(async () => {
  store = untyped(await makeStore({ shapes }))
  id = (await makeUser(store)).id
})

const HEX_ID = 'a'.repeat(24)
const HEX = 'must be 24 hex characters or an ObjectId'
const KEY = ['key', 'give { id } or { externalId, conversationId? }']
const FILTER = ['filter', 'give { ids }, { conversationId } or { all: true }']
const COUNT = ['options.count', "must be true, false or 'exact'"]
const STATUS = ['filter.status', "must be 'confirmed', 'cancelled' or an array of these"]
const PENDING = ['options.pending', 'must be true or { senders?, conversationId? }']
const TURNS = ['options.turns', 'must be a number, or an array of [sender, content]']
const CONFLICT = ['options.onConflict', "must be 'store', 'google' or a function"]

const calendar = untyped({ events: {}, channels: {} })
const key = (given: unknown) => () => store.getMessage(id, untyped(given))
const remove = (given: unknown) => () => store.deleteMessages(id, untyped(given))
const history = (count: unknown) => () => store.retrieveHistory(id, { count: untyped(count) })
const events = (status: unknown) => () => store.retrieveEvents({ status: untyped(status) })
const context = (pending: unknown) => () => store.retrieveContext(id, { pending: untyped(pending) })
const turns = (given: unknown) => () => makeConversation(store, { turns: untyped(given) })
const sync = (onConflict: unknown) => async () =>
  createCalendarSync(store, { calendar, onConflict: untyped(onConflict) })

describe('what is none of the things that may be given is told which these are', () => {
  test.each<[string, () => Promise<unknown>, string[]]>([
    ['the id itself', () => store.getMessage(id, untyped(id)), KEY],
    ['no key', key(undefined), KEY],
    ['an empty key', key({}), KEY],
    ['two keys', () => store.getMessage(id, { id, externalId: SECRET }), KEY],
    ['no filter', remove(undefined), FILTER],
    ['an empty filter', remove({}), FILTER],
    ['two filters', remove({ ids: [], all: true }), FILTER],
    ['another count', history(SECRET), COUNT],
    ['another status', events(SECRET), STATUS],
    ['another pending', context(SECRET), PENDING],
    ['pending: false', context(false), PENDING],
    ['other turns', turns(SECRET), TURNS],
    ['another onConflict', sync(SECRET), CONFLICT],
  ])('%s', async (_, call, expected) => expect(await refusalOf(call)).toEqual([expected]))
})

describe('what is meant to be one of them is told what is wrong with it', () => {
  test.each<[string, () => Promise<unknown>, [path: string, reason: string | RegExp][]]>([
    ['a wrong id', key({ id: SECRET }), [['key.id', HEX]]],
    ['a wrong externalId', key({ externalId: 5 }), [['key.externalId', /expected string/]]],
    ['a conversation alone', key({ conversationId: SECRET }), [['key.externalId', /expected string/]]],
    ['wrong ids', remove({ ids: [SECRET, HEX_ID, 7] }), ['0', '2'].map((i) => [`filter.ids.${i}`, HEX])],
    ['no ids', remove({ ids: SECRET }), [['filter.ids', /expected array/]]],
    ['all: false', remove({ all: false }), [['filter.all', /expected true/]]],
    ['a key that is not known', remove({ all: true, not: 1 }), [['filter.not', 'is not known here']]],
    ['a status in a list', events(['confirmed', SECRET]), [['filter.status.1', /expected one of/]]],
    ['no senders', context({ senders: SECRET }), [['options.pending.senders', /expected array/]]],
    ['wrong turns', turns([['user', 5]]), [['options.turns.0.1', /expected string/]]],
    [
      "a value of the caller's shape",
      () => store.storeContext(id, { topic: { parts: [SECRET] } }),
      [['data.topic.parts.0', /expected/]],
    ],
  ])('%s', async (_, call, expected) => {
    const matching = expected.map(([path, reason]) => [
      path,
      typeof reason === 'string' ? reason : expect.stringMatching(reason),
    ])
    expect(await refusalOf(call)).toEqual(matching)
  })
})

test('of very many things that are wrong the sentence has the first', async () => {
  const call = store.deleteMessages(id, { ids: Array<string>(100_000).fill('bad') })
  const { message, issues } = await rejection(call, 'INVALID_INPUT')
  expect(message).toMatch(/filter\.ids\.9: must be 24 [^;]*; 99990 more, see issues\.$/)
  expect(message.length).toBeLessThan(1000)
  expect(issues).toHaveLength(100_000)
})

test('a wrong name of a flow is told what a name is', async () => {
  const [[path, reason] = []] = await refusalOf(() => store.updateUser(id, { states: { $where: SECRET } }))
  expect([path, reason]).toEqual(['patch.states.$where', expect.stringContaining('a flow is named by')])
})

/** The paths and reasons of an error that quotes nothing. */
async function refusalOf(call: () => Promise<unknown>): Promise<string[][]> {
  const { message, issues = [] } = await rejection(call(), 'INVALID_INPUT')
  expect(message).not.toContain(SECRET)
  return issues.map(({ path, reason }) => [path.join('.'), reason])
}
