import { describe, expect, test } from '@jest/globals'
import { UsageError } from '../../../scripts/import/faults.ts'
import type { Item } from '../../../scripts/import/item.ts'
import { fixture, importInto, itemsOf, makeFile, reasonsIn } from './support.ts'

const full = fixture('telegram-full.json')
const personal = fixture('telegram-personal.json')

const messagesOf = (items: Item[]) => items.flatMap((item) => (item.kind === 'messages' ? [item] : []))
const shown = (items: Item[]) =>
  messagesOf(items).map(({ owner, message }) => `${owner} ${message.sender}: ${message.content}`)

/** A chat that somebody exports alone. */
const chatFile = (chat: object) => makeFile('result.json', JSON.stringify({ name: 'Ana', id: 7, ...chat }))

const said = (id: number, from: string, text: unknown, more: object = {}) => ({
  id,
  type: 'message',
  date: '2024-03-07T09:00:00',
  date_unixtime: '1709798400',
  from,
  from_id: from === 'Ana' ? 'user7' : 'user1',
  text,
  ...more,
})

describe('a chat of two', () => {
  test('is one of the other one and the bot, whose account it is', async () => {
    expect(shown(await itemsOf(personal))).toEqual([
      'user4711 user: Oi, bot!',
      'user4711 assistant: Veja a agenda de hoje',
      'user4711 user: ',
      'user4711 user: ',
      'user4711 assistant: Marcado',
    ])
  })

  test('has voice notes with their audio, and everything else in the metadata', async () => {
    const [, answer, voice, photo, forwarded] = messagesOf(await itemsOf(personal)).map(
      ({ message }) => message,
    )
    expect(voice).toMatchObject({
      type: 'voice',
      audio: {
        uri: 'voice_messages/audio_1@07-03-2024_09-00-01.ogg',
        mimeType: 'audio/ogg',
        durationSeconds: 7,
      },
      metadata: { telegram: { id: 4 } },
      timestamp: new Date('2024-03-07T08:00:01Z'),
    })
    expect(answer?.metadata).toMatchObject({
      telegram: { id: 3, reply_to_message_id: 2, text_entities: expect.anything() },
    })
    expect(photo?.metadata).toEqual({
      telegram: { id: 5, photo: 'photos/photo_1.jpg', width: 800, height: 600 },
    })
    expect(forwarded?.metadata).toEqual({
      telegram: {
        id: 6,
        edited: '2024-03-07T09:10:00',
        edited_unixtime: '1709799000',
        forwarded_from: 'Sistema',
      },
    })
  })

  test('is the other way round in the chat with a bot, and as --me says', async () => {
    const messages = [said(1, 'Me', '/start'), said(2, 'Ana', 'Hello')]
    expect(shown(await itemsOf(await chatFile({ type: 'bot_chat', messages })))).toEqual([
      'user1 user: /start',
      'user1 assistant: Hello',
    ])
    for (const me of ['Ana', 'user7', '7']) {
      const path = await chatFile({ type: 'personal_chat', messages })
      expect(shown(await itemsOf(path, { me }))).toEqual(['user1 user: /start', 'user1 assistant: Hello'])
    }
  })

  test('keeps the order of what was said in one second, also of a group that was another one before', async () => {
    const messages = [said(-999_999_000, 'Ana', 'a'), said(3, 'Ana', 'b'), said(2 ** 31 - 1, 'Ana', 'c')]
    const items = messagesOf(await itemsOf(await chatFile({ type: 'personal_chat', messages })))
    const ids = items.map(({ message }) => message.id)
    expect(ids).toEqual([...ids].sort())
    expect(new Set(items.map(({ message }) => message.timestamp.getTime())).size).toBe(1)
  })

  test('is read as Telegram wrote it in 2020', async () => {
    const old = { id: 1, type: 'message', date: '2020-01-02T03:04:05', from: 'Ana', from_id: 7, text: 'hi' }
    const channel = { ...old, id: 2, from_id: 8_589_934_592 }
    const path = await chatFile({ type: 'personal_chat', messages: [old, channel] })
    const [, message, other] = await itemsOf(path, { timezone: 'America/Sao_Paulo' })
    expect(message).toMatchObject({
      owner: 'user7',
      message: { timestamp: new Date('2020-01-02T06:04:05Z') },
    })
    expect(other).toMatchObject({ outcome: 'left out', reason: 'in the name of a channel or a group' })
  })

  test('has ids that no time zone changes, nor what came before', async () => {
    const old = { type: 'message', from: 'Ana', from_id: 7, text: 'hi' }
    /* In an hour that the clocks of São Paulo showed twice. */
    const messages = ['23:45:00', '23:30:00'].map((time, id) => ({ ...old, id, date: `2019-02-16T${time}` }))
    const ids = async (timezone: string, some = messages) => {
      const path = await chatFile({ type: 'personal_chat', messages: some })
      return messagesOf(await itemsOf(path, { timezone })).map(({ message }) => message.id)
    }
    const all = await ids('America/Sao_Paulo')
    expect(await ids('UTC')).toEqual(all)
    expect(await ids('America/Sao_Paulo', messages.slice(1))).toEqual(all.slice(1))
    const [first] = messagesOf(await itemsOf(personal, { timezone: 'America/Sao_Paulo' }))
    expect(first?.message.id).toBe('65e9740080000002f7186ef0')
  })

  test('may lack the voice note itself', async () => {
    const file = '(File not included. Change data exporting settings to download.)'
    const messages = [said(1, 'Ana', '', { media_type: 'voice_message', file, duration_seconds: 3 })]
    const [, item] = await itemsOf(await chatFile({ type: 'personal_chat', messages }))
    expect(item).toMatchObject({ message: { type: 'voice', audio: { durationSeconds: 3, uri: undefined } } })
  })
})

describe('a full export', () => {
  test('knows whose account it is, answers in groups go to whom they reply to, or who spoke last', async () => {
    const items = await itemsOf(full)
    expect(shown(items).slice(5)).toEqual([
      'user99 assistant: Hello, I am a bot',
      'user99 user: /start',
      'user42 user: before it was a supergroup',
      'user42 user: When do we meet?',
      'user43 user: And where?',
      'user42 assistant: At two, Bea',
      'user43 assistant: Room 3',
    ])
    const users = items.flatMap((item) =>
      item.kind === 'users' ? [[item.identity.id, item.defaults.name]] : [],
    )
    expect(users).toEqual([
      ['4711', 'Ana'],
      ['99', undefined],
      ['42', 'Bea'],
      ['43', 'Caio'],
    ])
    const conversations = messagesOf(items).map(({ message }) => message.conversationId)
    expect(conversations.filter(Boolean)).toEqual(Array(5).fill('-1001234567'))
  })

  test('and a single chat of it are the same messages', async () => {
    const ids = (items: Item[]) => messagesOf(items).map(({ message }) => message.id)
    expect(ids(await itemsOf(full)).slice(0, 5)).toEqual(ids(await itemsOf(personal)))
  })
})

describe("a full export of somebody's own account, who names their bot", () => {
  const line = (id: number, by: number, from: string, text: string) => ({
    ...said(id, from, text),
    from_id: `user${by}`,
  })
  const chats = [
    {
      name: 'Helper',
      type: 'bot_chat',
      id: 555,
      messages: [line(1, 99, 'Eva', 'hi'), line(2, 555, 'Helper', 'oi')],
    },
    {
      name: 'Ana',
      type: 'personal_chat',
      id: 7,
      messages: [line(3, 7, 'Ana', 'secret'), line(4, 99, 'Eva', 'sh')],
    },
    { name: 'BotFather', type: 'bot_chat', id: 93, messages: [line(5, 93, 'BotFather', 'a token')] },
    {
      name: 'Us',
      type: 'private_group',
      id: 1,
      messages: [line(6, 7, 'Ana', 'private'), line(7, 99, 'Eva', 'yes')],
    },
    {
      name: 'Team',
      type: 'private_group',
      id: 2,
      messages: [line(8, 7, 'Ana', 'when?'), line(9, 555, 'Helper', 'now')],
    },
  ]
  const account = { personal_information: { user_id: 99 } }
  const exported = (more: object) =>
    makeFile('result.json', JSON.stringify({ ...more, chats: { list: chats } }))

  test.each(['user555', '555', 'Helper'])(
    'gives what is said where the bot is, and no more (%s)',
    async (me) => {
      const path = await exported(account)
      expect(shown(await itemsOf(path, { me }))).toEqual([
        'user99 user: hi',
        'user99 assistant: oi',
        'user7 user: when?',
        'user7 assistant: now',
      ])
      const { tally } = await importInto(undefined, path, { me })
      expect(reasonsIn(tally)).toEqual(['5 messages left out: in a chat in which the bot says nothing'])
      expect(tally.counts.users).toMatchObject({ created: 2 })
    },
  )

  test('gives all, if the bot is the account', async () => {
    const all = shown(await itemsOf(await exported(account), { me: 'user99' }))
    expect(all).toHaveLength(9)
    expect(all).toContain('user7 assistant: sh')
    expect(shown(await itemsOf(await exported(account), { me: 'Eva' }))).toEqual(all)
    /* Nothing says now that the account never answered BotFather, or whoever spoke in the team. */
    expect(shown(await itemsOf(await exported({}), { me: 'user99' }))).toEqual(
      all.filter((text) => !/token|when|now/.test(text)),
    )
  })

  test('is asked for another name, if nobody has that one', async () => {
    const asked = itemsOf(await exported(account), { me: 'Helfer' })
    await expect(asked).rejects.toBeInstanceOf(UsageError)
    await expect(asked).rejects.toThrow('nobody in result.json is what --me says')
  })
})

test('what cannot be read is refused by itself, and told by its place', async () => {
  const messages = [
    said(1, 'Ana', 'fine'),
    { id: 'two', type: 'message' },
    said(3, 'Ana', '\ud83d'),
    { ...said(4, 'Ana', 'when?'), date_unixtime: undefined, date: 'yesterday' },
    said(5, 'Ana', ''),
  ]
  const { tally } = await importInto(undefined, await chatFile({ type: 'personal_chat', messages }))
  expect(tally.counts.messages).toEqual({ read: 5, created: 1, present: 0, leftOut: 1, refused: 3 })
  expect(reasonsIn(tally)).toEqual([
    '1 messages refused: not what Telegram Desktop writes',
    '1 messages refused: without a time',
    '1 messages left out: without text',
    '1 messages refused: content: has a lone surrogate, which UTF-8 cannot say',
  ])
  expect(tally.reasons()[3]?.places).toEqual(['messages.2'])
})

test('a group alone does not say who the bot is', async () => {
  const path = await chatFile({
    type: 'private_group',
    messages: [said(1, 'Ana', 'hi'), said(2, 'Bot', 'hi')],
  })
  await expect(itemsOf(path)).rejects.toBeInstanceOf(UsageError)
  expect(shown(await itemsOf(path, { me: 'Bot' }))).toEqual(['user7 user: hi', 'user7 assistant: hi'])
})
