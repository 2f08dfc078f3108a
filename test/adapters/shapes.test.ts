import { expect, test } from '@jest/globals'
import { HumanMessage } from '@langchain/core/messages'
import { z } from 'zod'
import { langchainHistory } from '../../src/adapters/langchain.ts'
import { agentsSession } from '../../src/adapters/openai-agents.ts'
import { makeIdentity, refusedPaths } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

const channel = z.string().optional()
const place = () => ({ identity: makeIdentity(), conversationId: 'c1' })

test('a shape of metadata that drops what a framework keeps there fails, and nothing is stored', async () => {
  const store = await makeStore({ shapes: { metadata: z.object({ channel }) } })
  const [history, session] = [langchainHistory(store, place()), agentsSession(store, place())]
  expect(await refusedPaths(history.addMessages([new HumanMessage('hi')]))).toEqual(['shapes.metadata'])
  expect(await refusedPaths(session.addItems([{ role: 'user', content: 'hi' }]))).toEqual(['shapes.metadata'])
  expect(await history.getMessages()).toEqual([])
  expect(await session.getItems()).toEqual([])
})

test('a shape of metadata that leaves it takes it', async () => {
  const store = await makeStore({ shapes: { metadata: z.looseObject({ channel: channel.default('web') }) } })
  const [history, session] = [langchainHistory(store, place()), agentsSession(store, place())]
  await history.addMessages([new HumanMessage('hi')])
  await session.addItems([{ role: 'user', content: 'hi' }])
  expect((await history.getMessages()).map(({ text }) => text)).toEqual(['hi'])
  expect(await session.getItems()).toEqual([{ role: 'user', content: 'hi' }])
})
