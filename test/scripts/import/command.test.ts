import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import {
  AIMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  ToolMessage,
} from '@langchain/core/messages'
import type mongoose from 'mongoose'
import { KINDS } from '../../../scripts/import/item.ts'
import type { SourceOptions } from '../../../scripts/import/open.ts'
import { langchainHistory } from '../../../src/adapters/langchain.ts'
import { makeDatabase, makeStore } from '../../support/store.ts'
import { CONTROL, NOWHERE, runScript } from '../command.ts'
import { fixture, historyOf, importInto, makeFile, storedIn } from './support.ts'

/** Runs the command, and the same again, which has to add nothing; gives what the first run said and stored. */
async function importTwice(path: string, options: SourceOptions = {}) {
  const { db, dbName } = await makeDatabase()
  const { user, ...rest } = options
  const given = { ...rest, ...(user && { user: `${user.provider}:${user.id}` }) }
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])
  const first = await runScript('import', [path, ...args, '--db', dbName, '--json'])
  expect(first).toMatchObject({ code: 0 })
  const stored = await storedIn(db)
  const store = await makeStore({ dbName })
  const { tally } = await importInto(store, path, options)
  expect(await storedIn(db)).toEqual(stored)
  const said = JSON.parse(first.stdout)
  for (const kind of KINDS) {
    const { read, created, present } = said[kind]
    expect(tally.counts[kind]).toMatchObject({ read, created: 0, present: created + present })
  }
  return { said, stored, store }
}

describe('npm run import', () => {
  test("takes over a dump of Django's, whatever the order of its objects, once", async () => {
    const { said, stored, store } = await importTwice(fixture('django-dumpdata.json'))
    expect(said).toMatchObject({
      source: 'Django, django-dumpdata.json',
      users: { read: 3, created: 2, leftOut: 1 },
      messages: { read: 5, created: 3, leftOut: 2 },
      contexts: { read: 2, created: 1, leftOut: 1 },
      events: { read: 1, created: 1 },
      others: { read: 2, leftOut: 2 },
    })
    expect(stored.messages).toHaveLength(3)
    expect(await historyOf(store, 'whatsapp', '5511987654321')).toEqual([
      'user: Oi',
      'user: marca dentista na terça',
      'assistant: Confirma terça às 14:00?',
    ])
    expect(stored.users[0]).toMatchObject({ version: 1 })
  })

  test("takes over all chats of Telegram Desktop's result.json, once", async () => {
    const { said, store } = await importTwice(fixture('telegram-full.json'))
    expect(said).toMatchObject({ users: { created: 4 }, messages: { read: 18, created: 12, leftOut: 6 } })
    expect(await historyOf(store, 'telegram', '4711')).toEqual([
      'user: Oi, bot!',
      'assistant: Veja a agenda de hoje',
      'user: ',
      'user: ',
      'assistant: Marcado',
    ])
  })

  test('takes over a chat of WhatsApp, once', async () => {
    const { said, store } = await importTwice(fixture('whatsapp-android-pt-BR.txt'), {
      me: 'Agenda Bot',
      user: { provider: 'whatsapp', id: '+5511987654321' },
      timezone: 'America/Sao_Paulo',
    })
    expect(said).toMatchObject({ users: { created: 1 }, messages: { read: 12, created: 10, leftOut: 2 } })
    expect(await historyOf(store, 'whatsapp', '+5511987654321')).toEqual([
      'user: Oi! Quero marcar um horário',
      'assistant: Claro! Para quando?',
      'user: Amanhã:\n- de manhã, ou\n- às 15:00\n\no que der',
      'user: ',
      'assistant: Ouvi. Quinta às 15:00?',
      'user: ok',
      'user: ok',
      'user: ',
      'user: a fachada',
      'assistant: Até quinta!',
    ])
  })

  test('takes over what LangChain has stored in MongoDB, and LangChain goes on with it', async () => {
    const source = await makeDatabase()
    const said = [
      new HumanMessage('What is the weather in Recife?'),
      new AIMessage({
        content: '',
        tool_calls: [{ name: 'weather', args: { city: 'Recife' }, id: 'call-1' }],
      }),
      new ToolMessage({ content: '30 degrees', tool_call_id: 'call-1' }),
      new AIMessage('Hot.'),
    ]
    /* What its addMessage does. */
    const sessions = source.db.collection<{ sessionId: string; messages: mongoose.mongo.Document[] }>(
      'memory',
    )
    for (const message of said) {
      const messages = mapChatMessagesToStoredMessages([message])
      await sessions.updateOne(
        { sessionId: '4711' },
        { $push: { messages: { $each: messages } } },
        { upsert: true },
      )
    }
    const uri = (process.env.MONGODB_URI ?? '').replace(
      /^(\w+:\/\/[^/?]+)(?:\/[^?]*)?/,
      `$1/${source.dbName}`,
    )
    const { store } = await importTwice(uri, { collection: 'memory', provider: 'telegram' })
    expect(await historyOf(store, 'telegram', '4711')).toEqual([
      'user: What is the weather in Recife?',
      'assistant: weather({"city":"Recife"})',
      'tool: 30 degrees',
      'assistant: Hot.',
    ])
    const identity = { provider: 'telegram', id: '4711' }
    const history = langchainHistory(store, { identity, conversationId: '4711' })
    const shown = (message: unknown) => ({ ...Object(message), lc_kwargs: undefined })
    expect((await history.getMessages()).map(shown)).toEqual(said.map(shown))
  })

  test('tries, says what it did in a pipe, and needs no server for that', async () => {
    const args = [
      fixture('whatsapp-group-de.txt'),
      '--me',
      'Termin-Bot',
      '--conversation',
      'team',
      '--dry-run',
    ]
    const { code, stdout, stderr } = await runScript('import', args, { MONGODB_URI: '' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Reading: .* bytes/) })
    expect(stdout).toMatch(/^WhatsApp, whatsapp-group-de\.txt → a trial, nothing is stored$/m)
    expect(stdout).toMatch(/^messages +10 +6 +0 +4 +0$/m)
    expect(stdout).toMatch(/^ {2}messages +3 +said by WhatsApp itself \(line 1, line 2, line 3\)$/m)
    expect(stdout + stderr).not.toMatch(CONTROL)
    expect(stdout + stderr).not.toMatch(/Moin|Raum/)
  })

  test('stores and tells what comes before a fault, says where that is, and ends with 1', async () => {
    const { dbName } = await makeDatabase()
    const whole = await readFile(fixture('telegram-personal.json'), 'utf8')
    const path = await makeFile('result.json.gz', gzipSync(whole.slice(0, whole.indexOf('photo_1'))))
    const { code, stdout, stderr } = await runScript('import', [path, '--db', dbName, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ messages: { read: 4, created: 3 } })
    expect(stderr).toMatch(/^import: result\.json\.gz ends in the middle after byte [\d,]+\.$/m)
  })

  test.each([
    {
      args: [fixture('whatsapp-group-de.txt'), '--dry-run'],
      says: 'who is the bot? Give --me, and one of these',
    },
    { args: ['x', '--timezone', 'Recife'], says: 'must be a name of IANA' },
  ])('refuses $args', async ({ args, says }) => {
    const { code, stdout, stderr } = await runScript('import', args, { MONGODB_URI: '' })
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(says) })
  })

  test('explains itself', async () => {
    const { code, stdout } = await runScript('import', ['--help'], { MONGODB_URI: NOWHERE })
    expect(code).toBe(0)
    expect(stdout).not.toContain('s3cret')
    for (const option of [
      'from',
      'uri',
      'db',
      'prefix',
      'dry-run',
      'me',
      'user',
      'conversation',
      'date-order',
    ])
      expect(stdout).toContain(`--${option}`)
  })
})
