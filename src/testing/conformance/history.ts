import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DialogueStore, HistoryOptions, Message } from '../../index.ts'
import { casesOf, type Scene } from './case.ts'
import { all, contents, firstOf, has, refuses, rejects } from './checks.ts'
import { after, at, BEGIN, newId, say, says, talk, untyped, upTo } from './samples.ts'

const COUNT = 40
/** Three messages share each second. */
const timeOf = (i: number): Date => after(BEGIN, Math.floor(i / 3) * 1000)

/** Somebody whose messages are numbered, and somebody else who uses the same conversations at the same time. */
async function makeHistory({ store, person }: Scene): Promise<{ id: string; said: Message[] }> {
  const [{ id }, other] = [await person(), await person()]
  const numbered = (userId: string) =>
    upTo(COUNT).map((i) =>
      says(userId, `${i}`, {
        sender: i % 2 ? 'assistant' : 'user',
        type: i % 5 ? 'text' : 'voice',
        timestamp: timeOf(i),
        ...(i % 4 === 0 && { conversationId: i % 8 ? 'ticket' : 'group' }),
      }),
    )
  await store.storeMessages([...numbered(id), ...numbered(other.id)])
  return { id, said: (await store.retrieveHistory(id, { limit: COUNT })).messages }
}

const range = (from: number, to: number): string[] => upTo(to - from).map((i) => `${from + i}`)

/** So that a store that leads round in a circle is told, too. */
const MOST_PAGES = 10 * COUNT

/** All pages, from the newest to the oldest, and back from there. */
async function walk(store: DialogueStore, userId: string, options: HistoryOptions) {
  const read = (place: HistoryOptions) => store.retrieveHistory(userId, { ...options, ...place })
  const back = [await read({})]
  for (let { older } = at(back, 0); older && back.length < MOST_PAGES; { older } = at(back, -1))
    back.push(await read({ before: older }))
  const forth = [at(back, -1)]
  for (let { newer } = at(forth, 0); newer && forth.length < MOST_PAGES; { newer } = at(forth, -1))
    forth.push(await read({ after: newer }))
  return { back, forth }
}

/** What all pages together say, oldest first: with filters a page may be short, or empty, and others follow. */
async function filtered(store: DialogueStore, userId: string, options: HistoryOptions): Promise<string[]> {
  const { back } = await walk(store, userId, options)
  return back.toReversed().flatMap(({ messages }) => contents(messages))
}

export const history = casesOf('retrieveHistory', {
  'gives the newest fifty, oldest first, unless something else is asked for': async ({ store, person }) => {
    const { id } = await person()
    const said = await talk(store, id, upTo(60))
    const { older, live, ...page } = await store.retrieveHistory(id)
    deepEqual(page, { messages: said.slice(10), count: 60, countIsExact: true, newer: null })
    ok(older && live)
    const all = await store.retrieveHistory(id, { limit: 1000, before: null, after: null })
    has(all, { messages: said, older: null, newer: null })
    has(await store.retrieveHistory(id, { limit: 60 }), { messages: said, older: null })
  },

  'of somebody who never said a word is empty': async ({ store, person }) => {
    const { live, ...page } = await store.retrieveHistory((await person()).id)
    deepEqual(page, { messages: [], count: 0, countIsExact: true, older: null, newer: null })
    ok(live)
  },

  'gives each message once, whichever way it is paged through': async (scene) => {
    const { id, said } = await makeHistory(scene)
    for (const limit of [1, 7, 20, 39, 40]) {
      const { back, forth } = await walk(scene.store, id, { limit })
      const pages = Math.ceil(COUNT / limit)
      deepEqual([back.length, forth.length], [pages, pages])
      deepEqual(
        back.toReversed().flatMap(({ messages }) => messages),
        said,
      )
      deepEqual(
        forth.flatMap(({ messages }) => messages),
        said,
      )
      for (const { count } of [...back, ...forth]) equal(count, COUNT)
      deepEqual([at(back, 0).newer, at(back, -1).older, at(forth, -1).newer], [null, null, null])
    }
  },

  'goes on from the place of any message, and knows the way back': async (scene) => {
    const { id, said } = await makeHistory(scene)
    for (const i of [0, 1, 2, 3, 20, 39]) {
      const { cursor } = at(said, i)
      const before = await scene.store.retrieveHistory(id, { before: cursor, limit: 5 })
      deepEqual(contents(before.messages), range(Math.max(0, i - 5), i))
      deepEqual([before.older === null, before.newer === null], [i <= 5, false])
      const next = await scene.store.retrieveHistory(id, { after: cursor, limit: 5 })
      deepEqual(contents(next.messages), range(i + 1, Math.min(COUNT, i + 6)))
      deepEqual([next.older === null, next.newer === null], [false, i + 6 >= COUNT])
    }
    const none = await scene.store.retrieveHistory(id, { before: at(said, 0).cursor })
    const first = await scene.store.retrieveHistory(id, { after: none.newer, limit: 2 })
    deepEqual(contents(first.messages), ['0', '1'])
  },

  'takes from inclusively and to exclusively': async (scene) => {
    const { id } = await makeHistory(scene)
    const read = (options: HistoryOptions) => filtered(scene.store, id, options)
    const within = { from: timeOf(6), to: timeOf(12) }
    deepEqual(await read(within), range(6, 12))
    has(await scene.store.retrieveHistory(id, within), { count: 6, countIsExact: true })
    deepEqual(await read({ from: timeOf(39) }), ['39'])
    deepEqual(await read({ to: timeOf(3) }), ['0', '1', '2'])
    const nothing = { from: timeOf(6), to: timeOf(6) }
    has(await scene.store.retrieveHistory(id, nothing), { messages: [], count: 0 })
  },

  'filters page, count and places': async (scene) => {
    const { id } = await makeHistory(scene)
    const group = { conversationId: 'group', senders: ['user', 'nobody'], types: ['voice' as const] }
    const filters: [HistoryOptions, (i: number) => boolean][] = [
      [{ conversationId: 'ticket' }, (i) => i % 4 === 0 && i % 8 !== 0],
      [{ senders: ['user'] }, (i) => i % 2 === 0],
      [{ types: ['voice'] }, (i) => i % 5 === 0],
      [{ types: ['voice', 'text'], senders: ['none'] }, () => false],
      [{ ...group, to: timeOf(39) }, (i) => i % 40 === 0],
    ]
    for (const [filter, matches] of filters) {
      const wanted = upTo(COUNT).filter(matches).map(String)
      equal((await scene.store.retrieveHistory(id, { ...filter, limit: 3 })).count, wanted.length)
      for (const limit of [COUNT, 3]) deepEqual(await filtered(scene.store, id, { ...filter, limit }), wanted)
    }
  },

  'counts as asked for': async (scene) => {
    const { id } = await makeHistory(scene)
    const read = (count: HistoryOptions['count']) => scene.store.retrieveHistory(id, { count, limit: 1 })
    has(await read(false), { count: null, countIsExact: false })
    has(await read(true), { count: COUNT, countIsExact: true })
    has(await read('exact'), { count: COUNT, countIsExact: true })
  },

  'counts to ten thousand, and further when asked to': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(10_050))
    const { count, countIsExact } = await store.retrieveHistory(id, { limit: 1 })
    ok(countIsExact ? count === 10_050 : count && count >= 10_000 && count < 10_050)
    has(await store.retrieveHistory(id, { limit: 1, count: 'exact' }), { count: 10_050, countIsExact: true })
  },

  'keeps its places while messages come and go': async ({ store, person }) => {
    const { id } = await person()
    const said = await talk(store, id, upTo(6))
    const page = await store.retrieveHistory(id, { limit: 3 })
    await store.deleteMessages(id, { ids: [at(said, 3).id, at(said, 1).id] })
    await talk(store, id, ['new', 'newer'])
    const older = await store.retrieveHistory(id, { before: page.older })
    deepEqual(contents(older.messages), ['0', '2'])
    const newer = await store.retrieveHistory(id, { after: at(said, 3).cursor })
    deepEqual(contents(newer.messages), ['4', '5', 'new', 'newer'])
  },

  'refuses what is wrong, and another’s cursor': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    const { cursor } = await say(store, id, 'mine')
    const theirs = (await say(store, other.id, 'theirs')).cursor
    const wrong: [object, string][] = [
      [{ limit: 0 }, 'limit'],
      [{ limit: 1001 }, 'limit'],
      [{ before: cursor, after: cursor }, 'after'],
      [{ before: theirs }, 'before'],
      [{ after: theirs }, 'after'],
      [{ before: 'no cursor' }, 'before'],
      [{ after: `${cursor}A` }, 'after'],
      [{ from: after(BEGIN, 1), to: BEGIN }, 'to'],
      [{ senders: { $ne: 'user' } }, 'senders'],
      [{ conversationId: { $ne: 'c' } }, 'conversationId'],
      [{ skip: 1 }, 'skip'],
    ]
    for (const [options, place] of wrong) await refuses(store.retrieveHistory(id, untyped(options)), place)
    await rejects(store.retrieveHistory(newId()), 'USER_NOT_FOUND')
  },
})

export const iterating = casesOf('iterateHistory', {
  'gives all of it once, oldest first, however long': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(1100))
    deepEqual(contents(await all(store.iterateHistory(id))), range(0, 1100))
  },

  'goes on after a place, and filters': async (scene) => {
    const { id, said } = await makeHistory(scene)
    const read = async (options: object) => contents(await all(scene.store.iterateHistory(id, options)))
    deepEqual(await read({ after: at(said, 29).cursor }), range(30, COUNT))
    deepEqual(await read({ after: null, to: timeOf(3) }), ['0', '1', '2'])
    const some = { after: at(said, 10).cursor, senders: ['user'], types: ['voice'], conversationId: 'group' }
    deepEqual(await read({ conversationId: 'group', from: timeOf(6) }), ['8', '16', '24', '32'])
    deepEqual(await read(some), [])
  },

  'can be left, and fails at its first step': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(3))
    for await (const { content } of store.iterateHistory(id)) {
      equal(content, '0')
      break
    }
    const [nobodys, wrong] = [store.iterateHistory(newId()), store.iterateHistory(id, { after: 'x' })]
    await rejects(firstOf(nobodys), 'USER_NOT_FOUND')
    await refuses(firstOf(wrong), 'after')
  },
})
