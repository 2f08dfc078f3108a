import { expect, test } from '@jest/globals'
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  FunctionMessage,
  HumanMessage,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages'
import { ChatPromptTemplate, MessagesPlaceholder } from '@langchain/core/prompts'
import { RunnableWithMessageHistory } from '@langchain/core/runnables'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import fc from 'fast-check'
import { jsonObject, nested, written } from '../../scripts/lib/json-values.ts'
import { langchainHistory } from '../../src/adapters/langchain.ts'
import { makeIdentity, makeUser, refusedPaths, rejection, storedOf, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { heard, makeTwoStores } from './support/conversations.ts'

const texts = (messages: BaseMessage[]) => messages.map(({ text }) => text)

/** All that a message has of its own, and its class. */
const whole = (message: BaseMessage) => ({
  class: message.constructor.name,
  ...Object.fromEntries(Object.entries(message).filter(([key]) => key !== 'lc_kwargs')),
})

const call = {
  name: 'lookup',
  args: { city: 'Recife', deep: [{ a: [] }] },
  id: 'call-1',
  type: 'tool_call' as const,
}

/** As constructors make them, and as they are changed afterwards. */
function everyKind(): BaseMessage[] {
  const renamed = new HumanMessage('hi')
  renamed.id = 'given-later'
  renamed.name = 'Ana'
  return [
    new SystemMessage('Be kind.'),
    renamed,
    new HumanMessage({
      content: [
        { type: 'text', text: 'What is ' },
        { type: 'text', text: 'this?' },
        { type: 'image_url', image_url: { url: 'https://example.com/1.png', detail: 'low' } },
      ],
    }),
    new HumanMessage({ contentBlocks: [{ type: 'text', text: 'in blocks' }] }),
    new AIMessage({
      content: '',
      id: 'run-1',
      tool_calls: [call],
      invalid_tool_calls: [
        { name: 'bad', args: '{', id: 'call-2', error: 'no JSON', type: 'invalid_tool_call' },
      ],
      usage_metadata: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
      additional_kwargs: { tool_choice: { lc: 1, type: 'constructor', id: ['x'] } },
      response_metadata: { model_name: 'fake', finish_reason: 'tool_calls' },
    }),
    new AIMessage({ contentBlocks: [{ type: 'text', text: 'in blocks' }, call] }),
    new ToolMessage({
      content: '31 °C',
      tool_call_id: 'call-1',
      name: 'lookup',
      status: 'error',
      artifact: { raw: [31, null] },
    }),
    new FunctionMessage({ content: 'old style', name: 'lookup' }),
    new ChatMessage({ content: 'I disagree.', role: 'critic' }),
  ]
}

test('every kind of message comes back as it was, class and all', async () => {
  const { store, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  await history.addMessages(everyKind())
  expect((await history.getMessages()).map(whole)).toEqual(everyKind().map(whole))
})

test('to everybody else they are messages of that user in that conversation', async () => {
  const { store, other, place } = await makeTwoStores()
  await langchainHistory(store, place).addMessages(everyKind())
  expect((await heard(other, place)).map(({ sender, content }) => [sender, content])).toEqual([
    ['system', 'Be kind.'],
    ['user', 'hi'],
    ['user', 'What is this?'],
    ['user', 'in blocks'],
    ['assistant', 'lookup({"city":"Recife","deep":[{"a":[]}]})'],
    ['assistant', 'in blocks'],
    ['tool', '31 °C'],
    ['tool', 'old style'],
    ['critic', 'I disagree.'],
  ])
})

test('a chunk comes back as the message that it is a part of', async () => {
  const { store, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  const tool_call_chunks = [
    { name: 'lookup', args: '{"a":1}', id: 'call-1', index: 0, type: 'tool_call_chunk' as const },
  ]
  await history.addMessage(new AIMessageChunk({ content: 'streamed', tool_call_chunks }))
  const [back] = await history.getMessages()
  expect(back).toBeInstanceOf(AIMessage)
  expect(back).toMatchObject({
    content: 'streamed',
    tool_calls: [{ name: 'lookup', args: { a: 1 }, id: 'call-1' }],
  })
})

test('any JSON comes back exactly: content blocks, arguments, metadata', async () => {
  const { store, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  await fc.assert(
    fc.asyncProperty(jsonObject, async (json) => {
      await history.clear()
      const made = () => [
        new HumanMessage({ content: [{ type: 'text', text: 'x', more: json }] }),
        new AIMessage({
          content: 'y',
          tool_calls: [{ name: 'f', args: json, id: '1', type: 'tool_call' }],
          response_metadata: { told: json },
        }),
        new ToolMessage({
          content: '',
          tool_call_id: '1',
          artifact: json,
          additional_kwargs: { told: json },
        }),
      ]
      await history.addMessages(made())
      expect(written((await history.getMessages()).map(whole).map(inOrder))).toBe(
        written(made().map(whole).map(inOrder)),
      )
    }),
    { numRuns: 50 },
  )
})

/** The order of a message's own fields is its constructor's. */
const inOrder = (fields: object) => Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))

test('a runnable with message history remembers, over two stores', async () => {
  const { store, other, place } = await makeTwoStores()
  const prompt = ChatPromptTemplate.fromMessages([
    ['system', 'You help.'],
    new MessagesPlaceholder('history'),
    ['human', '{input}'],
  ])
  const chain = (answer: string, on = store) =>
    new RunnableWithMessageHistory({
      runnable: prompt.pipe(new FakeListChatModel({ responses: [answer] })),
      getMessageHistory: (conversationId: string) =>
        langchainHistory(on, { identity: place.identity, conversationId }),
      inputMessagesKey: 'input',
      historyMessagesKey: 'history',
    })
  const config = { configurable: { sessionId: place.conversationId } }
  await chain('Hello Ana.').invoke({ input: 'I am Ana.' }, config)
  const streamed: string[] = []
  const stream = await chain('Ana, as you said.', other).stream({ input: 'Who am I?' }, config)
  for await (const chunk of stream) streamed.push(String(chunk.content))
  expect(streamed.join('')).toBe('Ana, as you said.')

  const remembered = await langchainHistory(store, place).getMessages()
  expect(texts(remembered)).toEqual(['I am Ana.', 'Hello Ana.', 'Who am I?', 'Ana, as you said.'])
  expect(remembered.map((message) => message.type)).toEqual(['human', 'ai', 'human', 'ai'])
  expect((await heard(store, place)).map(({ sender }) => sender)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
  ])
})

test('limit gives the newest, in order, beyond a page too', async () => {
  const { store, place } = await makeTwoStores()
  const all = Array.from({ length: 2100 }, (_, i) => `message ${i}`)
  await langchainHistory(store, place).addMessages(all.map((text) => new HumanMessage(text)))
  for (const limit of [1, 3, 1000, 2050, 5000]) {
    expect(texts(await langchainHistory(store, { ...place, limit }).getMessages())).toEqual(all.slice(-limit))
  }
  expect(texts(await langchainHistory(store, place).getMessages())).toEqual(all)
})

test('what others have stored in the conversation appears by its sender, and nothing of other conversations', async () => {
  const { store, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  await history.addUserMessage('from LangChain')
  const userId = (await store.findUser(place.identity))?.id ?? ''
  const says = (sender: string, metadata = {}) => ({
    userId,
    conversationId: 'c1',
    sender,
    content: `by ${sender}`,
    metadata,
  })
  await store.storeMessages([
    says('user'),
    says('assistant', { langchain: { type: 'tool', data: { content: 'without its call' } } }),
    says('system', { langchain: 'mine' }),
    says('operator', { langchain: { type: 'remove', data: {} } }),
    { ...says('user'), conversationId: 'c2' },
    { userId, sender: 'user', content: 'in no conversation' },
  ])
  expect((await history.getMessages()).map(({ type, text }) => [type, text])).toEqual([
    ['human', 'from LangChain'],
    ['human', 'by user'],
    ['ai', 'by assistant'],
    ['system', 'by system'],
    ['generic', 'by operator'],
  ])
})

test('clear empties this conversation only', async () => {
  const { store, place } = await makeTwoStores()
  const [one, two] = ['c1', 'c2'].map((conversationId) =>
    langchainHistory(store, { ...place, conversationId }),
  )
  await one?.clear()
  expect(await store.findUser(place.identity)).toBeNull()
  await one?.addAIMessage('one')
  await two?.addAIMessage('two')
  await one?.clear()
  expect(await one?.getMessages()).toEqual([])
  expect(texts((await two?.getMessages()) ?? [])).toEqual(['two'])
})

test('an erased user has said nothing, and is somebody new with the next message', async () => {
  const { store, db, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  await history.addUserMessage('before')
  const before = (await store.findUser(place.identity))?.id ?? ''
  expect((await store.deleteUser(before)).messages).toBe(1)
  expect(await history.getMessages()).toEqual([])
  await history.clear()
  await history.addMessages([new HumanMessage('after')])
  expect(texts(await history.getMessages())).toEqual(['after'])
  expect((await store.findUser(place.identity))?.id).not.toBe(before)
  expect((await storedOf(db, before)).messages).toEqual([])
})

test('two processes on one history lose nothing, double nothing, and keep each turn together', async () => {
  const { store, other, place } = await makeTwoStores()
  const turns = Array.from({ length: 20 }, (_, i) => i)
  await Promise.all(
    turns.map((i) =>
      langchainHistory(i % 2 ? store : other, place).addMessages([
        new HumanMessage(`${i} question`),
        new AIMessage(`${i} answer`),
      ]),
    ),
  )
  const said = texts(await langchainHistory(store, place).getMessages())
  const pairs = turns.map((i) => said.slice(2 * i, 2 * i + 2))
  expect(said).toHaveLength(40)
  for (const [question, answer] of pairs) expect(answer).toBe(question?.replace('question', 'answer'))
  expect(new Set(said).size).toBe(40)
})

test('what is said goes to the end, even if somebody else has a clock that is ahead', async () => {
  const { store, place } = await makeTwoStores()
  const user = await makeUser(store, { identities: [place.identity] })
  const timestamp = new Date(Date.now() + 60_000)
  await store.storeMessage({
    userId: user.id,
    sender: 'user',
    content: 'ahead',
    conversationId: 'c1',
    timestamp,
  })
  const history = langchainHistory(store, place)
  await history.addMessages([new AIMessage('one'), new AIMessage('two')])
  await history.addAIMessage('three')
  expect(texts(await history.getMessages())).toEqual(['ahead', 'one', 'two', 'three'])
})

test('bad input is refused before anything is sent', async () => {
  const { store, place } = await makeTwoStores()
  const make = async (options: unknown, on: unknown = store) =>
    langchainHistory(untyped(on), untyped(options))
  expect(await refusedPaths(make({ ...place, limit: 0 }))).toEqual(['options.limit'])
  expect(await refusedPaths(make({ identity: { provider: 'x' }, conversationId: '' }))).toEqual([
    'options.identity.id',
    'options.conversationId',
  ])
  expect(await refusedPaths(make(undefined))).toEqual(['options'])
  expect(await refusedPaths(make(place, {}))).toEqual(['store'])

  const history = langchainHistory(store, place)
  const add = (...messages: unknown[]) => refusedPaths(history.addMessages(untyped(messages)))
  const good = new HumanMessage('good')
  expect(await add(good, 'text')).toEqual(['messages.1'])
  expect(await add(good, new RemoveMessage({ id: '1' }))).toEqual(['messages.1'])
  expect(await add(new ToolMessage({ content: '', tool_call_id: untyped(undefined) }))).toEqual([
    'messages.0',
  ])
  const artifact = { at: [new Date(0)] }
  expect(await add(good, new ToolMessage({ content: '', tool_call_id: '1', artifact }))).toEqual([
    'messages.1.data.artifact.at.0',
  ])
  expect(
    await add(new AIMessage({ content: 'x', additional_kwargs: { a: nested(90, (b) => [b]) } })),
  ).toHaveLength(1)
  expect(await refusedPaths(history.addMessages(untyped(undefined)))).toEqual(['messages'])
  await history.addMessages([])
  expect(await store.findUser(place.identity)).toBeNull()
})

test('a message that is larger than the store takes fails with its error, and the rest of its turn with it', async () => {
  const store = await makeStore({ retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
  const history = langchainHistory(store, { identity: makeIdentity(), conversationId: 'c1' })
  const turn = [new HumanMessage('hi'), new AIMessage('x'.repeat(2 ** 20))]
  await rejection(history.addMessages(turn), 'TOO_LARGE')
  expect(await history.getMessages()).toEqual([])
})

test('whoever prints a history sees nothing of the store', async () => {
  const { store, place } = await makeTwoStores()
  const history = langchainHistory(store, place)
  expect(JSON.stringify(history)).not.toContain(place.identity.id)
  expect(Object.keys(history).toSorted()).toEqual(['lc_kwargs', 'lc_namespace', 'lc_serializable'])
})
