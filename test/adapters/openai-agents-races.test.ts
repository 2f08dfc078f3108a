import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { AgentInputItem } from '@openai/agents-core'
import { agentsSession } from '../../src/adapters/openai-agents.ts'
import { makeScene } from '../check/support/scene.ts'
import { storedOf } from '../support/make.ts'
import { makeTwoStores } from './support/conversations.ts'

const says = (content: string): AgentInputItem => ({ role: 'user', content })
const contents = (items: (AgentInputItem | undefined)[]) =>
  items.map((item) => (item && 'content' in item ? item.content : undefined))

async function makeTwoSessions(...items: AgentInputItem[]) {
  const { store, other, db, place } = await makeTwoStores()
  const sessions = [agentsSession(store, place), agentsSession(other, place)] as const
  await sessions[0].addItems(items)
  return { store, db, place, sessions, each: (i: number) => sessions[i % 2 ? 0 : 1] }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('twenty pops of ten items, by two processes at once, take each once', async () => {
  const { each, sessions } = await makeTwoSessions(...numbers(10).map((i) => says(`item ${i}`)))
  const popped = contents(await Promise.all(numbers(20).map((i) => each(i).popItem())))
  const taken = popped.filter((content) => content !== undefined)
  expect(taken.toSorted()).toEqual(numbers(10).map((i) => `item ${i}`))
  expect(await sessions[0].getItems()).toEqual([])
})

test('items that come in from two processes at once, the first of a user, are all kept, each call together', async () => {
  const { each, sessions, store, place } = await makeTwoSessions()
  await Promise.all(
    numbers(20).map((i) => each(i).addItems([says(`${i} a`), says(`${i} b`), says(`${i} c`)])),
  )
  const items = contents(await sessions[1].getItems())
  expect(items).toHaveLength(60)
  const parts = numbers(20).map((i) => items.slice(3 * i, 3 * i + 3))
  for (const [first] of parts) {
    const i = String(first).split(' ')[0]
    expect(parts).toContainEqual([`${i} a`, `${i} b`, `${i} c`])
  }
  const { users } = await store.listUsers()
  expect(users.map(({ identities }) => identities)).toEqual([[place.identity]])
})

test('one operation in twenty calls counts once; of two with one id, one', async () => {
  const { each, sessions } = await makeTwoSessions(says('start'))
  const append = (operationId: string, text: string) => ({
    operationId,
    transaction: { type: 'append_items' as const, items: [says(text)] },
  })
  await Promise.all(numbers(20).map((i) => each(i).applyHistoryTransaction(append('op', 'once'))))
  expect(contents(await sessions[0].getItems())).toEqual(['start', 'once'])
  const outcomes = await Promise.allSettled(
    numbers(6).map((i) => each(i).applyHistoryTransaction(append('another', `by ${i}`))),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await sessions[0].getItems()).toHaveLength(3)
})

test('of replacements of one suffix one holds, and items that come in meanwhile stay', async () => {
  const before = numbers(4).map((i) => says(`before ${i}`))
  const { each, sessions } = await makeTwoSessions(...before, says('draft'))
  const outcomes = await Promise.allSettled(
    numbers(8).map((i) =>
      each(i).applyHistoryTransaction({
        operationId: `op ${i}`,
        transaction: {
          type: 'replace_suffix',
          expectedSuffix: [says('draft')],
          replacement: [says(`final ${i}`)],
        },
      }),
    ),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  expect(reasons).toEqual(Array(7).fill('STATE_CONFLICT'))
  await Promise.all([
    ...numbers(4).map((i) => each(i).addItems([says(`added ${i}`)])),
    ...numbers(4).map((i) => each(i).popItem()),
  ])
  expect(await sessions[0].getItems()).toHaveLength(before.length + 1)
})

test('an item that comes in while a suffix is replaced stands before it, which then does not match, or behind it', async () => {
  for (const round of numbers(10)) {
    const { sessions } = await makeTwoSessions(says('a'), says('b'))
    const [session, other] = sessions
    const replaced = session.applyHistoryTransaction({
      operationId: 'op',
      transaction: {
        type: 'replace_suffix',
        expectedSuffix: [says('a'), says('b')],
        replacement: [says('c'), says('d')],
      },
    })
    await pause(round * 2)
    const [{ status }] = await Promise.allSettled([replaced, other.addItems([says('new')])])
    expect(contents(await session.getItems()).join()).toBe(status === 'fulfilled' ? 'c,d,new' : 'a,b,new')
  }
})

test('an erased user has an empty session, and is somebody new with the next item', async () => {
  const { sessions, store, db, place } = await makeTwoSessions(says('before'))
  const args = { operationId: 'op', transaction: { type: 'append_items' as const, items: [says('again')] } }
  const [session, other] = sessions
  await session.applyHistoryTransaction(args)
  const before = (await store.findUser(place.identity))?.id ?? ''
  await store.deleteUser(before)
  expect(await session.getItems()).toEqual([])
  expect(await session.popItem()).toBeUndefined()
  await session.clearSession()
  await session.applyHistoryMutations({
    mutations: [
      {
        type: 'replace_function_call',
        callId: 'a',
        replacement: { type: 'function_call', callId: 'a', name: 'f', arguments: '{}' },
      },
    ],
  })
  expect(await store.findUser(place.identity)).toBeNull()
  await other.addItems([says('after')])
  await session.applyHistoryTransaction(args)
  expect(contents(await session.getItems())).toEqual(['after', 'again'])
  expect(await storedOf(db, before)).toMatchObject({ messages: [], contexts: [], events: [] })
})

test('a user who is erased while items come in is somebody new, and nothing of them is left behind', async () => {
  const { each, store, place, sessions } = await makeTwoSessions(says('before'))
  const before = (await store.findUser(place.identity))?.id ?? ''
  await Promise.all([
    ...numbers(6).map((i) => each(i).addItems([says(`item ${i}`)])),
    store.deleteUser(before),
  ])
  const after = await store.findUser(place.identity)
  expect(after?.id).not.toBe(before)
  const kept = contents(await sessions[0].getItems())
  expect(kept).not.toContain('before')
  expect(new Set(kept).size).toBe(kept.length)
})

test('npm run check finds nothing wrong with what sessions leave', async () => {
  const scene = await makeScene(async (store) => {
    const session = agentsSession(store, { identity: { provider: 'x', id: '1' }, conversationId: 'c1' })
    const args = { operationId: 'op', transaction: { type: 'append_items' as const, items: [says('x')] } }
    for (const again of [1, 2]) {
      await session.applyHistoryTransaction(args)
      await session.addItems([says(`${again}`), says('popped')])
      await session.popItem()
      if (again === 1) await session.clearSession()
    }
  })
  expect(await scene.look()).toEqual([])
})
