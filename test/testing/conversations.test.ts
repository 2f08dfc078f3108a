import { describe, expect, test } from '@jest/globals'
import {
  type Conversation,
  generateConversations,
  loadConversations,
} from '../../scripts/lib/conversations.ts'

const messagesOf = (conversations: Conversation[]) => conversations.flatMap(({ messages }) => messages)

function expectInOrder(conversations: Conversation[]): void {
  const starts = conversations.map(({ messages }) => messages[0]?.timestamp.getTime() ?? Number.NaN)
  expect(starts).toEqual([...starts].sort((a, b) => a - b))
  for (const { messages } of conversations) {
    const times = messages.map(({ timestamp }) => timestamp.getTime())
    expect(times).toEqual([...times].sort((a, b) => a - b))
  }
}

test('loadConversations reads the whole dataset, in order of time', async () => {
  const conversations = await loadConversations()
  const messages = messagesOf(conversations)
  expect(conversations).toHaveLength(7168)
  expect(new Set(conversations.map(({ id }) => id)).size).toBe(7168)
  expect(messages).toHaveLength(258_145)
  expect(new Set(messages.map(({ sender }) => sender)).size).toBe(1315)
  expect(messages.reduce((most, { text }) => Math.max(most, Buffer.byteLength(text)), 0)).toBe(672)
  expectInOrder(conversations)
}, 20_000)

describe('generateConversations', () => {
  test('gives as many messages as asked for, by two people a conversation, in several scripts', () => {
    const conversations = generateConversations({ users: 50, messages: 5000, seed: 7 })
    const messages = messagesOf(conversations)
    expect(messages).toHaveLength(5000)
    expect(new Set(messages.map(({ sender }) => sender)).size).toBeGreaterThan(40)
    for (const one of conversations)
      expect(new Set(messagesOf([one]).map(({ sender }) => sender)).size).toBeLessThan(3)
    const all = messages.map(({ text }) => text).join()
    for (const script of [
      /\p{Script=Hebrew}/u,
      /\p{Script=Arabic}/u,
      /\p{Script=Han}/u,
      /ã/,
      /\p{Emoji_Presentation}/u,
    ]) {
      expect(all).toMatch(script)
    }
    expectInOrder(conversations)
  })

  test('gives the same for the same seed, and others for another', () => {
    const options = { users: 2, messages: 300 }
    expect(generateConversations({ ...options, seed: 1 })).toEqual(generateConversations(options))
    expect(generateConversations({ ...options, seed: 2 })).not.toEqual(generateConversations(options))
  })

  test('needs two people', () => {
    expect(() => generateConversations({ users: 1, messages: 1 })).toThrow(RangeError)
    expect(generateConversations({ users: 2, messages: 0 })).toEqual([])
  })
})
