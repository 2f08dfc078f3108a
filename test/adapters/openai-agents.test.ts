import { describe, expect, test } from '@jest/globals'
import type { AgentInputItem, SessionHistoryTransactionArgs } from '@openai/agents-core'
import fc from 'fast-check'
import { jsonObject, nested, written } from '../../scripts/lib/json-values.ts'
import { agentsSession } from '../../src/adapters/openai-agents.ts'
import { makeIdentity, refusedPaths, rejection, storedOf, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { heard, makeTwoStores, refusal } from './support/conversations.ts'

/*
 * The first two groups are the cases that the SDK has for its own session, in packages/agents-core/test/ of
 * openai/openai-agents-js: memorySession.test.ts and memory/historyMutations.test.ts. What differs: an error is the
 * store's, and bytes are refused, since items are JSON (the runner gives them as base64).
 */
const says = (text: string, more: object = {}): AgentInputItem => ({
  role: 'user',
  content: [{ type: 'input_text', text }],
  ...more,
})

async function makeSession(...items: AgentInputItem[]) {
  const world = await makeTwoStores()
  const session = agentsSession(world.store, world.place)
  await session.addItems(items)
  return { ...world, session, another: () => agentsSession(world.other, world.place) }
}

const appending = (operationId: string, ...items: AgentInputItem[]): SessionHistoryTransactionArgs => ({
  operationId,
  transaction: { type: 'append_items', items },
})

const replacing = (
  operationId: string,
  expectedSuffix: AgentInputItem[],
  replacement: AgentInputItem[],
): SessionHistoryTransactionArgs => ({
  operationId,
  transaction: { type: 'replace_suffix', expectedSuffix, replacement },
})

const calls = (callId: string, args: string, more: object = {}) => ({
  type: 'function_call' as const,
  callId,
  name: 'lookup',
  status: 'completed' as const,
  arguments: args,
  ...more,
})

describe('a session', () => {
  test('stores and retrieves items', async () => {
    const { session } = await makeSession(says('hello'))
    expect(await session.getSessionId()).toMatch(/^c1:[\w-]{16}$/)
    expect(await session.getItems()).toEqual([says('hello')])
    await session.addItems([says('one'), says('two')])
    expect(await session.getItems()).toEqual([says('hello'), says('one'), says('two')])
    expect(await session.getItems(2)).toEqual([says('one'), says('two')])
    for (const none of [0, -1]) expect(await session.getItems(none)).toEqual([])
    expect(await session.popItem()).toEqual(says('two'))
    expect(await session.getItems()).toEqual([says('hello'), says('one')])
    await session.clearSession()
    expect(await session.getItems()).toEqual([])
    expect(await session.getItems(3)).toEqual([])
    expect(await session.popItem()).toBeUndefined()
  })

  test('does not change with what its caller does to items', async () => {
    const { session } = await makeSession()
    const item = says('next')
    const adding = session.addItems([item])
    Object.assign(item, { content: 'mutated' })
    await adding
    const [got] = await session.getItems()
    Object.assign(got ?? {}, { content: 'mutated' })
    expect(await session.getItems()).toEqual([says('next')])
  })

  test('applies history mutations: the first call of an id is replaced, others of it go', async () => {
    const { session, another } = await makeSession(
      says('before'),
      calls('call-1', '{"ok":false}', { id: 'old-1' }),
      calls('call-2', '{}'),
      calls('call-1', '{"duplicate":true}', { id: 'old-2' }),
      says('after'),
    )
    const replacement = calls('call-1', '{"ok":true}', { id: 'new' })
    const mutations = [{ type: 'replace_function_call' as const, callId: 'call-1', replacement }]
    await session.applyHistoryMutations({ mutations })
    const changed = [says('before'), replacement, calls('call-2', '{}'), says('after')]
    expect(await another().getItems()).toEqual(changed)
    await session.applyHistoryMutations({ mutations: [] })
    await session.applyHistoryMutations({
      mutations: [{ type: 'replace_function_call', callId: 'unknown', replacement }],
    })
    expect(await session.getItems()).toEqual(changed)
  })

  test('applies mutations one after the other, and tells everybody else', async () => {
    const { session, store, place } = await makeSession(calls('a', '{}'), calls('b', '{"old":1}'))
    const mutations = [
      { type: 'replace_function_call' as const, callId: 'a', replacement: calls('b', '{"new":1}') },
      { type: 'replace_function_call' as const, callId: 'b', replacement: calls('c', '{"last":1}') },
    ]
    await session.applyHistoryMutations({ mutations })
    expect(await session.getItems()).toEqual([calls('c', '{"last":1}')])
    expect(await heard(store, place)).toMatchObject([{ sender: 'assistant', content: 'lookup({"last":1})' }])
  })
})

describe('history transactions', () => {
  test('append once, whatever was added since', async () => {
    const { session, another } = await makeSession(says('start'))
    const item = says('committed')
    const applying = session.applyHistoryTransaction(appending('op', item))
    Object.assign(item, { content: 'mutated' })
    await applying
    await session.addItems([says('later')])
    await another().applyHistoryTransaction(appending('op', says('committed')))
    expect(await session.getItems()).toEqual([says('start'), says('committed'), says('later')])
  })

  test('replace an exact suffix, once', async () => {
    const { session } = await makeSession(says('start'), says('blocked'))
    const args = replacing('op', [says('blocked')], [says('accepted'), says('and more')])
    await session.applyHistoryTransaction(args)
    await session.addItems([says('later')])
    await session.applyHistoryTransaction(args)
    expect(await session.getItems()).toEqual(
      ['start', 'accepted', 'and more', 'later'].map((text) => says(text)),
    )
  })

  test('reject another suffix without recording the operation', async () => {
    const { session } = await makeSession(says('start'))
    for (const expected of [[says('different')], [says('too'), says('start')]]) {
      const told = await refusal(
        session.applyHistoryTransaction(replacing('op', expected, [says('accepted')])),
      )
      expect(told).toMatch(/^STATE_CONFLICT not-applied: .*suffix no longer matches/)
    }
    expect(await session.getItems()).toEqual([says('start')])
    await session.applyHistoryTransaction(replacing('op', [says('start')], [says('accepted')]))
    expect(await session.getItems()).toEqual([says('accepted')])
  })

  test.each([[[says('first')]], [[]]])('reject an id with other content: %j', async (items) => {
    const { session, another } = await makeSession()
    await session.applyHistoryTransaction(appending('op', ...items))
    for (const other of [appending('op', says('second')), replacing('op', [], items)]) {
      const told = await refusal(another().applyHistoryTransaction(other))
      expect(told).toMatch(/^INVALID_INPUT not-applied: .*already applied with a different transaction/)
    }
    expect(await session.getItems()).toEqual(items)
  })

  test('remember an operation whose items are gone, until the session is cleared', async () => {
    const { session, store, db, place } = await makeSession()
    const args = appending('op', says('committed'))
    const two = agentsSession(store, { ...place, conversationId: 'c2' })
    await session.applyHistoryTransaction(args)
    await two.applyHistoryTransaction(args)
    expect(await session.popItem()).toEqual(says('committed'))
    await session.applyHistoryTransaction(args)
    expect(await session.getItems()).toEqual([])
    await session.clearSession()
    await session.applyHistoryTransaction(args)
    expect(await session.getItems()).toEqual([says('committed')])
    await two.applyHistoryTransaction(args)
    expect(await two.getItems()).toEqual([says('committed')])
    const userId = (await store.findUser(place.identity))?.id ?? ''
    expect((await storedOf(db, userId)).messages).toHaveLength(2)
  })

  test('reject invalid input before anything is sent', async () => {
    const { session, store, place } = await makeSession()
    const apply = (args: unknown) => refusedPaths(session.applyHistoryTransaction(untyped(args)))
    const sparse = new Array<AgentInputItem>(1)
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect(await apply(appending('   '))).toEqual(['args.operationId'])
    expect(await apply(null)).toEqual(['args'])
    expect(await apply({ operationId: 'op', transaction: null })).toEqual(['args.transaction'])
    expect(await apply({ operationId: 'op', transaction: { type: 'unknown' } })).toEqual([
      'args.transaction.type',
    ])
    for (const items of [[42], sparse, [new Date(0)], [null], [[]]])
      expect(await apply({ operationId: 'op', transaction: { type: 'append_items', items } })).toEqual([
        'args.transaction.items.0',
      ])
    for (const value of [new Date(0), 42n, new Uint8Array(2), Symbol('secret'), Number.NaN, '\ud800'])
      expect(await apply(appending('op', says('x', { providerData: { value } })))).toEqual([
        'args.transaction.items.0.providerData.value',
      ])
    expect(await apply(appending('op', says('x', { providerData: cycle })))).toHaveLength(1)
    for (const transaction of [
      { ...appending('op').transaction, metadata: {} },
      { ...replacing('op', [], []).transaction, metadata: {} },
    ])
      expect(await apply({ operationId: 'op', transaction })).toEqual(['args.transaction.metadata'])
    expect(await store.findUser(place.identity)).toBeNull()
    await session.applyHistoryTransaction(appending('op', says('accepted')))
    expect(await session.getItems()).toEqual([says('accepted')])
  })

  test('take objects of any order and prototype for what they say', async () => {
    const { session } = await makeSession()
    const providerData = Object.assign(Object.create(null), { source: 'provider', more: [{ a: 1, b: 2 }] })
    await session.applyHistoryTransaction(appending('op', says('x', { providerData })))
    const same = { more: [{ b: 2, a: 1 }], source: 'provider', absent: undefined }
    await session.applyHistoryTransaction(appending('op', ...(await session.getItems())))
    await session.applyHistoryTransaction(appending('op', says('x', { providerData: same })))
    await session.applyHistoryTransaction(
      replacing('op-2', [says('x', { providerData: same })], [says('replaced')]),
    )
    expect(await session.getItems()).toEqual([says('replaced')])
  })

  test('read the envelope once, and tell nothing of what its getters throw', async () => {
    const { session } = await makeSession()
    let reads = 0
    const args: SessionHistoryTransactionArgs = {
      get operationId() {
        return ++reads === 1 ? 'op' : 'changed'
      },
      transaction: appending('op', says('once')).transaction,
    }
    await session.applyHistoryTransaction(args)
    expect(reads).toBe(1)
    const throwing = {
      get operationId(): string {
        throw new Error('secret')
      },
      transaction: args.transaction,
    }
    const told = await refusal(session.applyHistoryTransaction(throwing))
    expect(told).toMatch(/^INVALID_INPUT/)
    expect(told).not.toContain('secret')
    expect(await session.getItems()).toEqual([says('once')])
  })
})

describe('items', () => {
  test('come back exactly, whatever JSON they are', async () => {
    const { session } = await makeSession()
    await fc.assert(
      fc.asyncProperty(fc.array(jsonObject, { minLength: 1, maxLength: 4 }), async (objects) => {
        await session.clearSession()
        await session.addItems(untyped(objects))
        expect(written(await session.getItems())).toBe(written(objects))
        await session.applyHistoryTransaction(replacing('op', untyped(objects), []))
        expect(await session.getItems()).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('are messages to everybody else, by speaker and text', async () => {
    const { session, store, place } = await makeSession(
      { role: 'system', content: 'Be kind.' },
      { type: 'message', role: 'user', content: 'hi' },
      says('and this', { content: [{ type: 'input_image', image: 'https://example.com/1.png' }] }),
      { type: 'reasoning', content: [{ type: 'input_text', text: 'Hm.' }] },
      calls('call-1', '{"city":"Recife"}'),
      {
        type: 'function_call_result',
        callId: 'call-1',
        name: 'lookup',
        status: 'completed',
        output: { type: 'text', text: '31 °C' },
      },
      {
        role: 'assistant',
        status: 'completed',
        content: [
          { type: 'output_text', text: 'It is ' },
          { type: 'output_text', text: 'warm.' },
          { type: 'refusal', refusal: ' I say no more.' },
        ],
      },
    )
    const told = (await heard(store, place)).map(({ sender, content }) => [sender, content])
    expect(told).toEqual([
      ['system', 'Be kind.'],
      ['user', 'hi'],
      ['user', ''],
      ['assistant', 'Hm.'],
      ['assistant', 'lookup({"city":"Recife"})'],
      ['tool', '31 °C'],
      ['assistant', 'It is warm. I say no more.'],
    ])
    expect(await session.getItems()).toHaveLength(7)
  })

  test('are made of what others have stored in the conversation', async () => {
    const { session, store, place } = await makeSession(says('mine'))
    const userId = (await store.findUser(place.identity))?.id ?? ''
    const senders = ['user', 'assistant', 'system', 'tool', 'operator']
    await store.storeMessages(
      senders.map((sender) => ({ userId, conversationId: 'c1', sender, content: `by ${sender}` })),
    )
    const answers = (text: string) => ({
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text }],
    })
    const last: AgentInputItem = { type: 'message', role: 'user', content: 'by operator' }
    expect(await session.getItems()).toEqual([
      says('mine'),
      { type: 'message', role: 'user', content: 'by user' },
      answers('by assistant'),
      { type: 'message', role: 'system', content: 'by system' },
      answers('by tool'),
      last,
    ])
    await session.applyHistoryTransaction(replacing('op', [last], []))
    expect(await session.popItem()).toEqual(answers('by tool'))
  })

  test('that are no JSON are refused before anything is sent', async () => {
    const { session, store, place } = await makeSession()
    const add = (items: unknown) => refusedPaths(session.addItems(untyped(items)))
    expect(await add([says('good'), 'text'])).toEqual(['items.1'])
    expect(await add(says('no array'))).toEqual(['items'])
    expect(await add([says('x', { providerData: { at: new Date(0) } })])).toEqual(['items.0.providerData.at'])
    expect(await add([says('x', { deep: nested(89, (inner) => [inner]) })])).toHaveLength(1)
    for (const limit of ['2', 1.5, Number.NaN, null])
      expect(await refusedPaths(session.getItems(untyped(limit)))).toEqual(['limit'])
    expect(
      await refusedPaths(session.applyHistoryMutations(untyped({ mutations: [{ type: 'x' }] }))),
    ).not.toEqual([])
    const make = async (on: unknown, options: unknown) => agentsSession(untyped(on), untyped(options))
    expect(await refusedPaths(make(store, { ...place, more: 1 }))).toEqual(['options.more'])
    expect(await refusedPaths(make({ withTransaction: () => {} }, place))).toEqual(['store'])
    expect(await session.getItems()).toEqual([])
    expect(await session.popItem()).toBeUndefined()
    await session.clearSession()
    expect(await store.findUser(place.identity)).toBeNull()
  })

  test('that are larger than the store takes fail with its error, and those beside them', async () => {
    const store = await makeStore({ retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
    const session = agentsSession(store, { identity: makeIdentity(), conversationId: 'c1' })
    await rejection(session.addItems([says('small'), says('x'.repeat(2 ** 20))]), 'TOO_LARGE')
    expect(await session.getItems()).toEqual([])
  })
})
