import { expect, test } from '@jest/globals'
import { Agent, type AgentInputItem, MemorySession, Runner, tool } from '@openai/agents-core'
import { ScriptedModel } from '@openai/agents-core/testing'
import { z } from 'zod'
import { agentsSession } from '../../src/adapters/openai-agents.ts'
import { heard, makeTwoStores } from './support/conversations.ts'

const answer = (text: string) => ({
  type: 'message' as const,
  role: 'assistant' as const,
  status: 'completed' as const,
  content: [{ type: 'output_text' as const, text }],
})

const call = (callId: string, city: string) => ({
  type: 'function_call' as const,
  id: `fc-${callId}`,
  callId,
  name: 'weather',
  status: 'completed' as const,
  arguments: JSON.stringify({ city }),
  providerData: { trace: { deep: [callId] } },
})

const weather = (needsApproval = false) =>
  tool({
    name: 'weather',
    description: 'How warm it is.',
    parameters: z.object({ city: z.string() }),
    needsApproval,
    execute: async ({ city }) => `31 °C in ${city}`,
  })

const makeAgent = (model: ScriptedModel, needsApproval = false) =>
  new Agent({ name: 'Helper', instructions: 'You help.', model, tools: [weather(needsApproval)] })

const runner = new Runner({ tracingDisabled: true })

/** What items are about, in short. */
const short = (items: readonly AgentInputItem[]) =>
  items.map((item) => ('role' in item ? item.role : `${item.type} ${'callId' in item ? item.callId : ''}`))

const twoTurns = () =>
  new ScriptedModel([
    [call('1', 'Recife'), call('2', 'Natal')],
    [answer('Warm in both.')],
    [call('3', 'Olinda')],
    [answer('There, too.')],
  ])

test('an agent calls tools in two turns of one session, the second one in another process', async () => {
  const { store, other, place } = await makeTwoStores()
  const model = twoTurns()
  const agent = makeAgent(model)
  const first = await runner.run(agent, 'How warm is it?', { session: agentsSession(store, place) })
  expect(first.finalOutput).toBe('Warm in both.')
  const second = await runner.run(agent, 'And in Olinda?', { session: agentsSession(other, place) })
  expect(second.finalOutput).toBe('There, too.')

  const items = await agentsSession(store, place).getItems()
  const turn = (...ids: string[]) => [
    'user',
    ...ids.map((id) => `function_call ${id}`),
    ...ids.map((id) => `function_call_result ${id}`),
    'assistant',
  ]
  expect(short(items)).toEqual([...turn('1', '2'), ...turn('3')])
  const memory = new MemorySession()
  const inMemory = makeAgent(twoTurns())
  for (const input of ['How warm is it?', 'And in Olinda?'])
    await runner.run(inMemory, input, { session: memory })
  expect(items).toEqual(JSON.parse(JSON.stringify(await memory.getItems())))
  const third = model.calls[2]?.request.input
  expect(short(Array.isArray(third) ? third : [])).toEqual([...turn('1', '2'), 'user'])

  const told = (await heard(store, place)).map(({ sender, content }) => [sender, content])
  expect(told.slice(0, 6)).toEqual([
    ['user', 'How warm is it?'],
    ['assistant', 'weather({"city":"Recife"})'],
    ['assistant', 'weather({"city":"Natal"})'],
    ['tool', '31 °C in Recife'],
    ['tool', '31 °C in Natal'],
    ['assistant', 'Warm in both.'],
  ])
})

test('a streamed run is remembered like any other', async () => {
  const { store, place } = await makeTwoStores()
  const session = agentsSession(store, place)
  const agent = makeAgent(new ScriptedModel([[call('1', 'Recife')], [answer('Warm.')]]))
  const result = await runner.run(agent, 'How warm is it?', { session, stream: true })
  await result.completed
  expect(short(await session.getItems())).toEqual([
    'user',
    'function_call 1',
    'function_call_result 1',
    'assistant',
  ])
})

/* As in hitlMemorySessionScenario.test.ts of the SDK: a run waits for a person, and goes on in the same session. */
test.each([
  ['approved', '31 °C in Recife'],
  ['rejected', 'Tool execution was not approved.'],
])('a run that waits for a person goes on when the call is %s', async (verdict, output) => {
  const { store, other, place } = await makeTwoStores()
  const agent = makeAgent(new ScriptedModel([[call('1', 'Recife')], [answer('Done.')]]), true)
  const waiting = await runner.run(agent, 'How warm is it?', { session: agentsSession(store, place) })
  const [interruption] = waiting.interruptions
  if (!interruption) throw new Error('an interruption expected')
  if (verdict === 'approved') waiting.state.approve(interruption)
  else waiting.state.reject(interruption)
  const session = agentsSession(other, place)
  const done = await runner.run(agent, waiting.state, { session })
  expect(done.finalOutput).toBe('Done.')
  const items = await session.getItems()
  expect(short(items)).toEqual(['user', 'function_call 1', 'function_call_result 1', 'assistant'])
  expect(items[2]).toMatchObject({ output: { text: output } })
})
