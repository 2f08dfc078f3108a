import { expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import type { Item } from '../../../scripts/import/item.ts'
import { importInto, itemsOf, makeFile, reasonsIn } from './support.ts'

const { ObjectId } = mongoose.mongo

const messagesOf = (items: Item[]) =>
  items.flatMap((item) => (item.kind === 'messages' ? [item.message] : []))
const shown = (items: Item[]) => messagesOf(items).map(({ sender, content }) => `${sender}: ${content}`)
const oid = (seconds: number, counter: number) => ({
  $oid: `${seconds.toString(16).padStart(8, '0')}aabbccddee${counter.toString(16).padStart(6, '0')}`,
})

/** As `mongoexport` writes them: a document a line, or an array of them. */
const exported = (documents: object[], isArray = false) =>
  makeFile(
    'store.json',
    isArray
      ? JSON.stringify(documents, null, 1)
      : documents.map((one) => `${JSON.stringify(one)}\n`).join(''),
  )

const SESSION = {
  _id: oid(1_700_000_000, 1),
  sessionId: 'ana',
  messages: [
    { type: 'system', data: { content: 'Be kind.', name: null } },
    { type: 'human', data: { content: 'Hi', additional_kwargs: {}, response_metadata: {} } },
    {
      type: 'ai',
      data: {
        content: [
          { type: 'text', text: 'Hello, ' },
          { type: 'text', text: 'Ana' },
        ],
      },
    },
    { type: 'generic', data: { content: 'noted', role: 'archivist' } },
  ],
}

test.each([false, true])(
  'a collection that JavaScript has filled is read from mongoexport (array: %p)',
  async (isArray) => {
    const items = await itemsOf(await exported([SESSION], isArray))
    expect(items[0]).toMatchObject({ kind: 'users', identity: { provider: 'langchain', id: 'ana' } })
    expect(shown(items)).toEqual([
      'system: Be kind.',
      'user: Hi',
      'assistant: Hello, Ana',
      'archivist: noted',
    ])
    const messages = messagesOf(items)
    expect(messages.map(({ timestamp }) => timestamp.getTime() - 1_700_000_000_000)).toEqual([0, 1, 2, 3])
    expect(messages[1]).toMatchObject({ conversationId: 'ana', metadata: { langchain: SESSION.messages[1] } })
  },
)

test('a session that has grown adds what is new', async () => {
  const grown = { ...SESSION, messages: [...SESSION.messages, { type: 'human', data: { content: 'Bye' } }] }
  const ids = async (session: object) =>
    messagesOf(await itemsOf(await exported([session]))).map(({ id }) => id)
  const [before, after] = [await ids(SESSION), await ids(grown)]
  expect(after.slice(0, 4)).toEqual(before)
  expect(new Set(after).size).toBe(5)
})

test('a collection that Python has filled is one session for many documents, in their order', async () => {
  const history = (type: string, content: string, more: object = {}) =>
    JSON.stringify({ type, data: { content, type, example: false, ...more } })
  const documents = [
    { _id: oid(1_700_000_000, 1), SessionId: 'ana', History: history('human', 'Hi') },
    { _id: oid(1_700_000_000, 2), SessionId: 'ana', History: history('AIMessageChunk', 'Hello') },
    { _id: oid(1_700_000_000, 3), SessionId: 'bea', History: history('chat', 'noted', { role: 'user' }) },
    { _id: oid(1_700_000_009, 4), SessionId: 'ana', History: history('human', 'Bye') },
  ]
  const items = await itemsOf(await exported(documents))
  expect(shown(items)).toEqual(['user: Hi', 'assistant: Hello', 'user: noted', 'user: Bye'])
  expect(items.filter(({ kind }) => kind === 'users')).toHaveLength(2)
  const ids = messagesOf(items).map(({ id }) => id)
  expect(ids).toEqual([...ids].sort())
})

test("the first version's messages are read, too, and a session's name may be an ObjectId", async () => {
  const session = new ObjectId()
  const messages = [
    { type: 'human', text: 'Hi' },
    { type: 'generic', role: 'assistant', text: 'Hello' },
  ]
  const document = { _id: oid(1_700_000_000, 1), sessionId: { $oid: session.toHexString() }, messages }
  const items = await itemsOf(await exported([document]))
  expect(items[0]).toMatchObject({ identity: { id: session.toHexString() } })
  expect(shown(items)).toEqual(['user: Hi', 'assistant: Hello'])
})

test('what looks like extended JSON in a message is what was said; ids and numbers are what they stand for', async () => {
  const args = [
    { since: { $date: true }, id: { $oid: 'abc' } },
    { since: { $date: '2024-01-01T00:00:00Z' }, name: { $regex: '^A' }, count: { $numberInt: 'three' } },
  ]
  const call = (one: object) => ({
    type: 'ai',
    data: { content: 'Let me look.', tool_calls: [{ name: 'find', args: one }] },
  })
  const [canonical, relaxed] = ['$numberInt', undefined].map((type) => ({
    type: 'ai',
    data: { content: 'Hi', usage_metadata: { input_tokens: type ? { [type]: '3' } : 3 } },
  }))
  const path = await exported([
    { ...SESSION, messages: [...args.map(call), canonical] },
    { _id: { $oid: 'abc' }, sessionId: 'x', messages: [] },
    { ...SESSION, _id: oid(1, 1), sessionId: 'bea' },
  ])
  const metadata = messagesOf(await itemsOf(path)).map((message) => message.metadata)
  expect(metadata).toEqual(
    [...args.map(call), relaxed, ...SESSION.messages].map((langchain) => ({ langchain })),
  )
  const { tally, fault } = await importInto(undefined, path)
  expect(fault).toBeUndefined()
  expect(tally.counts).toMatchObject({ users: { created: 2 }, messages: { created: 7 } })
  expect(reasonsIn(tally)).toEqual(['1 others left out: not a chat history of LangChain'])
})

test('what is no history of LangChain is left out, what LangChain does not know is refused', async () => {
  const unknown = { type: 'telepathy', data: { content: 'x' } }
  const path = await exported([
    { ...SESSION, messages: [unknown, ...SESSION.messages] },
    { _id: oid(1, 1), SessionId: 'x', History: 'not JSON' },
    { _id: oid(1, 2), other: true },
    { _id: 'mine', sessionId: 'x', messages: [] },
  ])
  const { tally } = await importInto(undefined, path)
  expect(reasonsIn(tally)).toEqual([
    '2 messages refused: of a type that LangChain does not know',
    '2 others left out: not a chat history of LangChain',
  ])
  expect(tally.reasons()[0]?.places).toEqual(['document 1, message 1', 'document 2, message 1'])
})
