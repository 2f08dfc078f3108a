import { expect, test } from '@jest/globals'
import type { Conversation } from '../../scripts/lib/conversations.ts'
import { messagesOf } from '../../scripts/seed/messages.ts'
import type { Plan } from '../../scripts/seed/plan.ts'
import { createUsers } from '../../scripts/seed/users.ts'

const conversation = (id: string, opener: string, texts: string[]): Conversation => ({
  id,
  messages: texts.map((text, n) => ({
    sender: n % 2 === 0 ? opener : 'somebody else',
    text,
    timestamp: new Date(Date.UTC(2018, 3, 1, 12, 0, n)),
  })),
})
const TOLD = [
  conversation('a', 'ann', ['hi', '', 'hm']),
  conversation('b', 'bob', ['hello', 'you', 'there', '?']),
]

const tell = (plan: Plan) => [...messagesOf(plan, () => TOLD, createUsers(plan))]

test('a short dataset is told again: a day later, in other conversations, with other ids', () => {
  const plan: Plan = { source: 'real', users: 2, messages: 14, randomSeed: 1 }
  const messages = tell(plan)
  expect(messages.map(({ content }) => content).join(' ')).toBe(
    'hi hm hello you there ? hi hm hello you there ? hi hm',
  )
  expect(messages.map(({ conversationId }) => conversationId)).toEqual([
    ...['a/0', 'a/0', 'b/0', 'b/0', 'b/0', 'b/0'],
    ...['a/1', 'a/1', 'b/1', 'b/1', 'b/1', 'b/1', 'a/2', 'a/2'],
  ])
  expect(messages[0]?.timestamp).toEqual(new Date('2018-04-01T12:00:00Z'))
  expect(messages[6]?.timestamp).toEqual(new Date('2018-04-02T12:00:00Z'))
  expect(messages[12]?.timestamp).toEqual(new Date('2018-04-03T12:00:00Z'))
  for (const key of ['id', 'externalId'] as const) {
    expect(new Set(messages.map((message) => message[key])).size).toBe(14)
  }
})

test('ids of equal times are in the order of the conversation', () => {
  const ids = tell({ source: 'real', users: 1, messages: 200, randomSeed: 1 }).map(
    ({ id, timestamp }) => `${Number(timestamp)} ${id}`,
  )
  const bySecond = new Map<string, string[]>()
  for (const id of ids) {
    const [time = '', own = ''] = id.split(' ')
    bySecond.set(time, [...(bySecond.get(time) ?? []), own])
  }
  for (const own of bySecond.values()) expect(own).toEqual([...own].sort())
})

test('everybody gets a conversation, if there are messages enough', () => {
  const plan: Plan = { source: 'real', users: 7, messages: 21, randomSeed: 3 }
  const messages = tell(plan)
  const user = createUsers(plan)
  expect(messages).toHaveLength(21)
  expect(new Set(messages.map(({ userId }) => userId))).toEqual(
    new Set(Array.from({ length: 7 }, (_, n) => user(n).id)),
  )
})
