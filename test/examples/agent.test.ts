import { expect, test } from '@jest/globals'
import { makeDatabase } from '../support/store.ts'
import { startExample, uriOf } from './support/example.ts'

/** Chats, and ends the input: what the agent says, a line each. */
async function chat(uri: string, lines: string[]): Promise<string[]> {
  const example = startExample(['agent-with-memory'], { MONGODB_URI: uri, CHAT_NAME: 'ana' })
  example.child.stdin.end(`${lines.join('\n')}\n`)
  expect(await example.ended).toEqual({ code: 0, signal: null })
  for (const secret of ['tea', 'dentist']) expect(example.stderr()).not.toContain(secret)
  return example.stdout().replaceAll('> ', '').trim().split('\n')
}

test('the agent goes on in another process where it was, and remembers beyond the conversation', async () => {
  const { db, dbName } = await makeDatabase()
  const uri = await uriOf(dbName)
  const first = await chat(uri, ['I like tea', 'I like tea', 'book dentist 2040-01-15 14:00'])
  expect(first.slice(-4)).toEqual([
    expect.stringContaining('Hello.'),
    'Remembered: I like tea',
    'Remembered: I like tea',
    'Booked: dentist on 2040-01-15T14:00:00.000Z',
  ])
  const known = 'You know of them: I like tea. Their appointments: dentist on 2040-01-15T14:00:00.000Z.'
  const lines = ['What do you know?', '/new', 'And now?', '/memory', '/forget', 'no', '/forget', 'yes']
  const second = await chat(uri, [...lines, 'of which nothing is read'])
  expect(second).toEqual([
    expect.stringContaining('MongoDB'),
    expect.stringContaining('Welcome back.'),
    `This is message 4 of our conversation. ${known}`,
    expect.stringContaining('another conversation'),
    `This is message 1 of our conversation. ${known}`,
    'I like tea',
    'dentist on 2040-01-15T14:00:00.000Z',
    expect.stringContaining('yes or no'),
    'Nothing is erased.',
    expect.stringContaining('yes or no'),
    expect.stringMatching(/^Erased: \d+ messages, 1 appointments, and you\.$/),
  ])
  expect(await db.collection('dialogue_users').countDocuments({ erasedAt: { $exists: false } })).toBe(0)
  expect(await db.collection('dialogue_messages').countDocuments()).toBe(0)
})
