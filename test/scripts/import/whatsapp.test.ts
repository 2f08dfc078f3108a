import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UsageError } from '../../../scripts/import/faults.ts'
import type { Item } from '../../../scripts/import/item.ts'
import { contentOf } from '../../../scripts/import/whatsapp/content.ts'
import { createOrderSurvey, dayOf } from '../../../scripts/import/whatsapp/dates.ts'
import { isEntry, readEntries } from '../../../scripts/import/whatsapp/entries.ts'
import { headerOf, splitSender } from '../../../scripts/import/whatsapp/header.ts'
import { readWhatsApp } from '../../../scripts/import/whatsapp/source.ts'
import { collect, fixture, itemsOf, virtualFile } from './support.ts'
import { FORMATS, type Format } from './whatsapp-formats.ts'

const MINUTE_MS = 60_000

/** A minute of this century, as a phone shows it. */
const minute = fc
  .integer({ min: Date.UTC(2009, 0) / MINUTE_MS, max: Date.UTC(2099, 0) / MINUTE_MS })
  .map((n) => new Date(n * MINUTE_MS))
const format = fc.constantFrom(...FORMATS)
const name = fc.constantFrom('Ana Souza', 'Çağrı 🎸', '+55 11 98765-4321', 'مريم', 'Dr. 3:30', '~ bia')
/** What WhatsApp would not say itself, nor print a header for. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .map((said) => said.replace(/[\r\n<>()\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '') || 'x')
  .filter((said) => said.trim() !== '')
const said = fc.array(text, { minLength: 1, maxLength: 3 }).map((lines) => `${lines.join('\n').trim()}`)

describe('a line of WhatsApp', () => {
  test.each(FORMATS)('is read as $name prints it', ({ begin, order, hasSeconds }) => {
    fc.assert(
      fc.property(minute, fc.integer({ min: 0, max: 59 }), name, text, (time, second, sender, content) => {
        const wallTime = new Date(time.getTime() + (hasSeconds ? second * 1000 : 0))
        const header = headerOf(`${begin(wallTime)}${sender}: ${content}`)
        expect(header).toMatchObject({ hasSeconds })
        if (!header) return
        expect(new Date((dayOf(header, order) ?? 0) + header.timeMs)).toEqual(wallTime)
        expect(splitSender(header.rest)).toEqual({ sender, text: content })
      }),
      { numRuns: 50 },
    )
  })

  test.each(FORMATS)('and the order of its dates is found, or asked for, in $name', ({ begin, order }) => {
    fc.assert(
      fc.property(fc.array(minute, { minLength: 1, maxLength: 40 }), (times) => {
        const survey = createOrderSurvey()
        const sorted = times.sort((a, b) => a.getTime() - b.getTime())
        for (const time of sorted) {
          const header = headerOf(`${begin(time)}Ana: x`)
          if (header) survey.add(header)
        }
        let found: string | undefined
        try {
          found = survey.result()
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
        if (found || sorted.some((time) => time.getUTCDate() > 12)) expect(found).toBe(order)
      }),
      { numRuns: 50 },
    )
  })

  test('is the same as before, whoever has pasted lines of another phone into it', async () => {
    const file = virtualFile('chat.txt', () => [
      '31/12/2023 21:05 - Ana: look what they wrote:\n',
      '[12/31/23, 9:05:09 PM] Bob: hi\n',
      '12/31/23, 9:05 PM - Bob: hi\n',
      '31/12/2023 21:06 - Bot: I see\n',
    ])
    const items = await collect(await readWhatsApp(file, { ...OPTIONS, me: 'Bot' }))
    expect(contentsOf(items)).toEqual([
      'look what they wrote:\n[12/31/23, 9:05:09 PM] Bob: hi\n12/31/23, 9:05 PM - Bob: hi',
      'I see',
    ])
  })
})

const OPTIONS = { me: 'Bot', provider: 'test', timezone: 'UTC', conversation: 'c' }
const contentsOf = (items: Item[]) =>
  items.flatMap((item) => (item.kind === 'messages' ? [item.message.content] : []))

interface Line {
  time: Date
  sender: string
  content: string
}

const chatOf = ({ begin }: Format, lines: Line[]) =>
  virtualFile('chat.txt', () =>
    lines.map(({ time, sender, content }) => `${begin(time)}${sender}: ${content}\n`),
  )

test('a chat in any language is read back as it was printed', async () => {
  const line = fc.record({ time: minute, sender: name, content: said })
  await fc.assert(
    fc.asyncProperty(format, fc.array(line, { minLength: 1, maxLength: 20 }), async (any, lines) => {
      const entries = (await collect(readEntries(chatOf(any, lines)))).filter(isEntry)
      expect(entries.map(({ sender, text: content }) => ({ sender, content }))).toEqual(
        lines.map(({ sender, content }) => ({ sender, content })),
      )
    }),
    { numRuns: 100 },
  )
})

describe('two exports of one chat', () => {
  /** What a store has that got them one after the other: the first of an id stays. */
  async function storedOf(parts: Line[][], any: Format): Promise<string[]> {
    const stored = new Map<string, { timestamp: Date; content: string }>()
    for (const part of parts) {
      const file = chatOf(any, part)
      const options = { ...OPTIONS, user: { provider: 'test', id: '1' }, dateOrder: any.order }
      for (const item of await collect(await readWhatsApp(file, options)))
        if (item.kind === 'messages' && !stored.has(item.message.id))
          stored.set(item.message.id, item.message)
    }
    const inOrder = [...stored].sort(
      ([a, { timestamp: at }], [b, { timestamp: bt }]) => at.getTime() - bt.getTime() || (a < b ? -1 : 1),
    )
    return inOrder.map(([, { content }]) => content)
  }

  test('are the chat, in its order, wherever they begin and end, and whichever comes first', async () => {
    /* Several are said in each minute. */
    const minutes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(format, minutes, fc.nat(), fc.nat(), fc.boolean(), async (any, counts, a, b, swap) => {
        const lines = counts.flatMap((count, m) =>
          Array.from({ length: count }, (_, n) => ({
            time: new Date(Date.UTC(2024, 4, 20, 10, m)),
            sender: n % 2 ? 'Bot' : 'Ana',
            content: `${m}.${n}`,
          })),
        )
        /* The later one begins after the first minute, and before the earlier one ends. */
        const begin = (counts[0] ?? 0) + (a % (lines.length - (counts[0] ?? 0)))
        const end = begin + 1 + (b % (lines.length - begin))
        const parts = [lines.slice(0, end), lines.slice(begin)]
        expect(await storedOf(swap ? parts.reverse() : parts, any)).toEqual(
          lines.map(({ content }) => content),
        )
      }),
      { numRuns: 100 },
    )
  })

  test('add what is new of words that were said before in the same minute', async () => {
    const time = new Date(Date.UTC(2024, 4, 20, 10, 1))
    const before = { time: new Date(time.getTime() - MINUTE_MS), sender: 'Bot', content: 'Well?' }
    const ok = { time, sender: 'Ana', content: 'ok' }
    const [de] = FORMATS.filter((one) => one.name.startsWith('de, A'))
    if (!de) throw new Error('There is German.')
    expect(
      await storedOf(
        [
          [before, ok, ok],
          [before, ok, ok, ok],
        ],
        de,
      ),
    ).toEqual(['Well?', 'ok', 'ok', 'ok'])
    expect(
      await storedOf(
        [
          [before, ok, ok],
          [ok, ok],
        ],
        de,
      ),
    ).toEqual(['Well?', 'ok', 'ok'])
  })
})

describe('what is said', () => {
  const LRM = '\u200e'
  test.each([
    ['image omitted', { content: '', omitted: 'image omitted' }],
    [`${LRM}áudio ocultado`, { content: '', omitted: 'áudio ocultado' }],
    [`Vertrag.pdf • ${LRM}3 Seiten ${LRM}Dokument weggelassen`, { content: '' }],
    ['<Media omitted>', { content: '', omitted: '<Media omitted>' }],
    ['<Medien ausgeschlossen>\nPlan.mod', { content: 'Plan.mod', omitted: '<Medien ausgeschlossen>' }],
    [`${LRM}<anexado: 00000004-AUDIO-2023-12-31-21-06-02.opus>`, { isVoice: true, content: '' }],
    [
      `${LRM}<pièce jointe : 00000005-PHOTO-2023-12-31.jpg>`,
      { isVoice: false, attachment: '00000005-PHOTO-2023-12-31.jpg' },
    ],
    ['PTT-20231231-WA0001.opus (ファイル添付)', { isVoice: true, attachment: 'PTT-20231231-WA0001.opus' }],
    [
      `${LRM}Plan B.pdf (bilagd fil)\nread it`,
      { isVoice: false, attachment: 'Plan B.pdf', content: 'read it' },
    ],
    ['Plan B.pdf (archivo adjunto)', { attachment: 'Plan B.pdf', content: '' }],
    ['my notes.txt (see below)', { content: 'my notes.txt (see below)' }],
    ['<b>bold</b>', { content: '<b>bold</b>' }],
    ['Tuesday <Diese Nachricht wurde bearbeitet.>', { content: 'Tuesday', isEdited: true }],
    [
      `${LRM}Location: https://maps.google.com/?q=1,2`,
      { content: 'Location: https://maps.google.com/?q=1,2' },
    ],
    [
      `${LRM}POLL:\nWhen?\n${LRM}OPTION: now (1 vote)`,
      { content: `POLL:\nWhen?\n${LRM}OPTION: now (1 vote)` },
    ],
  ])('%j is a message', (given, expected) => {
    expect(contentOf(given, 'brackets')).toMatchObject({ kind: 'message', ...expected })
  })

  test.each([
    [`${LRM}Messages and calls are end-to-end encrypted.`, 'notice'],
    [`${LRM}Missed voice call`, 'notice'],
    ['This message was deleted', 'deleted'],
    [`${LRM}Mensagem apagada`, 'deleted'],
    [' ', 'empty'],
  ])('%j is none: %s', (given, kind) => {
    expect(contentOf(given, 'brackets')).toEqual({ kind })
  })

  test('is theirs on Android, though it begins with a mark of direction', async () => {
    const file = virtualFile('chat.txt', () => [
      `20.05.24, 10:00 - ${LRM}Nachrichten sind Ende-zu-Ende-verschlüsselt.\n`,
      `20.05.24, 10:00 - Ana: ${LRM}+972 50 123 4567\n`,
      '20.05.24, 10:01 - Bot: Danke\n',
    ])
    const items = await collect(await readWhatsApp(file, OPTIONS))
    expect(contentsOf(items)).toEqual(['+972 50 123 4567', 'Danke'])
    expect(items).toContainEqual(expect.objectContaining({ kind: 'users', owner: 'Ana' }))
    expect(items[0]).toMatchObject({ outcome: 'left out', reason: 'said by WhatsApp itself' })
  })
})

describe('who is who', () => {
  const group = fixture('whatsapp-group-de.txt')
  const own = fixture('whatsapp-ios-en-US.txt')
  const owners = (items: Item[]) =>
    items.flatMap((item) => (item.kind === 'messages' ? [`${item.owner} ${item.message.sender}`] : []))

  test('in a group, what the bot says belongs to whoever spoke last', async () => {
    const items = await itemsOf(group, { me: 'Termin-Bot', conversation: 'team', provider: 'whatsapp' })
    expect(owners(items)).toEqual([
      'Bea user',
      'Bea assistant',
      'Çağrı 🎸 user',
      'Çağrı 🎸 assistant',
      '+49 151 23456789 user',
      'Bea user',
    ])
    expect(items.filter(({ kind }) => kind === 'users')).toHaveLength(3)
    expect(items[4]).toMatchObject({
      kind: 'users',
      identity: { provider: 'whatsapp', id: 'Bea' },
      defaults: { name: 'Bea' },
    })
    expect(items[5]).toMatchObject({ message: { conversationId: 'team' } })
  })

  test('a voice note has its file, other media is in the metadata', async () => {
    const items = await itemsOf(own, { me: 'Agenda Bot', timezone: 'America/New_York' })
    const messages = items.flatMap((item) => (item.kind === 'messages' ? [item.message] : []))
    expect(messages.map(({ timestamp }) => timestamp.toISOString())).toEqual([
      '2024-01-01T02:05:09.501Z',
      '2024-01-01T02:05:41.000Z',
      '2024-01-01T02:06:02.000Z',
      '2024-01-01T02:06:02.001Z',
      '2024-01-01T02:06:30.000Z',
      '2024-01-01T05:15:00.000Z',
    ])
    expect(messages[2]).toMatchObject({
      type: 'voice',
      audio: { uri: '00000004-AUDIO-2023-12-31-21-06-02.opus', mimeType: 'audio/ogg' },
    })
    expect(messages[4]).toMatchObject({ content: '', metadata: { whatsapp: { omitted: 'image omitted' } } })
  })

  test.each([
    { path: group, options: {}, says: /Give --me.*"Bea", "Termin-Bot"|Give --me.*"Termin-Bot", "Bea"/ },
    { path: group, options: { me: 'Terminbot' }, says: /nobody in this chat is called what --me says/ },
    {
      path: group,
      options: { me: 'Termin-Bot' },
      says: /a group of 3 and the bot: name it with --conversation/,
    },
    {
      path: group,
      options: { me: 'Termin-Bot', conversation: 'x', user: { provider: 'whatsapp', id: '1' } },
      says: /--user is for a chat with one person; in this one are 3/,
    },
  ])('is asked for: $says', async ({ path, options, says }) => {
    await expect(itemsOf(path, options)).rejects.toThrow(says)
    await expect(itemsOf(path, options)).rejects.toBeInstanceOf(UsageError)
  })

  test('a name or a file that tells no order of dates is asked for, too', async () => {
    const file = virtualFile('chat.txt', () => ['05/01/24, 10:00 - Ana: hi\n06/01/24, 10:00 - Bot: hi\n'])
    await expect(readWhatsApp(file, OPTIONS)).rejects.toThrow(
      'nothing in the file tells whether 05/01/24 begins with the day or the month: give --date-order dmy or mdy',
    )
    const [, hello] = await collect(await readWhatsApp(file, { ...OPTIONS, dateOrder: 'mdy' }))
    expect(hello).toMatchObject({ message: { timestamp: new Date('2024-05-01T10:00:30Z') } })
  })
})
