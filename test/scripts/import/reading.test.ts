import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { BrokenSource, UsageError } from '../../../scripts/import/faults.ts'
import { openFile } from '../../../scripts/import/file.ts'
import { readJson } from '../../../scripts/import/json.ts'
import { readLines } from '../../../scripts/import/lines.ts'
import { createLocalTimes, timeOf } from '../../../scripts/import/local-times.ts'
import { recognise } from '../../../scripts/import/recognise.ts'
import { createTally } from '../../../scripts/import/tally.ts'
import { trialTarget } from '../../../scripts/import/target.ts'
import { readTelegram } from '../../../scripts/import/telegram/source.ts'
import { transfer } from '../../../scripts/import/transfer.ts'
import { readWhatsApp } from '../../../scripts/import/whatsapp/source.ts'
import { createWriter } from '../../../scripts/import/writer.ts'
import { heldHeap } from '../../../scripts/lib/memory.ts'
import { collect, fixture, importInto, itemsOf, makeFile, virtualFile } from './support.ts'

const open = (path: string) => openFile(path, () => {})

/** What was read before a fault, and the fault. */
async function readUntilFault<T>(items: AsyncIterable<T>): Promise<{ read: T[]; fault: unknown }> {
  const read: T[] = []
  try {
    for await (const item of items) read.push(item)
    return { read, fault: undefined }
  } catch (fault) {
    expect(fault).toBeInstanceOf(BrokenSource)
    return { read, fault: String(fault) }
  }
}

describe('lines', () => {
  test('end with LF or CR LF, and with nothing else', async () => {
    const file = await open(await makeFile('a.txt', '\ufeffone\r\ntwo\u2028still two\rand more\n\nthree'))
    expect((await collect(readLines(file))).flat()).toEqual([
      'one',
      'two\u2028still two\rand more',
      '',
      'three',
    ])
  })

  test('are read from what is gzipped as well', async () => {
    const file = await open(await makeFile('a.txt.gz', gzipSync('one\ntwo')))
    expect((await collect(readLines(file))).flat()).toEqual(['one', 'two'])
  })

  test.each([
    {
      bytes: Buffer.from('one\ntwo\nn\u00e3o', 'latin1'),
      says: /a\.txt is not text in UTF-8: line 3 is something else/,
    },
    { bytes: Buffer.from('ol\u00e1').subarray(0, -1), says: /a\.txt is not text in UTF-8/ },
    { bytes: Buffer.alloc(2 ** 24 + 1, 'x'), says: /a\.txt has no end of a line in 16 MiB after line 0/ },
    { bytes: gzipSync('one\ntwo').subarray(0, 20), says: /a\.txt cannot be unpacked to its end/ },
  ])('are broken: $says', async ({ bytes, says }) => {
    const { fault } = await readUntilFault(readLines(await open(await makeFile('a.txt', bytes))))
    expect(fault).toMatch(says)
  })
})

describe('JSON', () => {
  const read = async (text: string, paths = ['$.*']) =>
    readUntilFault(readJson(await open(await makeFile('a.json', text)), paths))

  test('is read value by value, with its place', async () => {
    const { read: found } = await read('{ "about": 1, "list": [ { "a": [] }, {"a":["x"]} ] }', [
      '$.list.*',
      '$.about',
    ])
    expect(found).toEqual([
      { path: ['about'], value: 1 },
      { path: ['list', 0], value: { a: [] } },
      { path: ['list', 1], value: { a: ['x'] } },
    ])
  })

  test.each([
    ['[{"a":1},{"a":2},{"a"', 'ends in the middle after byte 18.'],
    ['[{"a":1},{"a":2},{"secret" 3}]', 'is not JSON after byte 27.'],
    ['[{"a":1},{"a":2},secret]', 'is not JSON after byte 16.'],
    ['[{"a":1},{"a":2}] secret', 'is not JSON after byte 16.'],
  ])('is broken in %s, and what comes before is read', async (text, says) => {
    const { read: found, fault } = await read(text)
    expect(found.map(({ value }) => value)).toEqual([{ a: 1 }, { a: 2 }])
    expect(fault).toBe(`Error: a.json ${says}`)
  })

  test('is no other encoding', async () => {
    const path = await makeFile('a.json', Buffer.from('["ol\u00e1"]', 'latin1'))
    const { fault } = await readUntilFault(readJson(await open(path), ['$.*']))
    expect(fault).toMatch(/is not JSON after byte/)
  })
})

describe('a source', () => {
  test.each([
    ['[\n{"model": "auth.user", "pk": 1, "fields": {}}]', 'django'],
    ['{"model": "core.user", "pk": 1, "fields": {}}\n', 'django'],
    ['{\n "about": "Here is the data", "personal_information": {', 'telegram'],
    ['{ "name": null, "type": "bot_chat", "id": 1', 'telegram'],
    ['{ "type": "private_supergroup", "id": 1', 'telegram'],
    ['\u200e[31/12/23, 21:05:09] Ana: hi', 'whatsapp'],
    ['some words\n31.12.23, 21:05 - Ana: hi', 'whatsapp'],
    ['[{"_id":{"$oid":"1"},"sessionId":"a"}]', 'langchain'],
    ['{"_id":{"$oid":"1"},"SessionId":"a"}', 'langchain'],
  ])('%j is of %s', (beginning, source) => {
    expect(recognise(beginning, 'a')).toBe(source)
  })

  test.each([
    { content: 'Dear diary', says: /begins as no dumpdata of Django.*--from$/ },
    { content: '', says: /begins as no dumpdata/ },
    { content: 'PK\x03\x04x', says: /is a ZIP archive: unpack it first/ },
    {
      content: Buffer.from('31/12/23, 21:05 - Ana: hi', 'utf16le'),
      says: /is not text in UTF-8: it has NULs/,
    },
  ])('is none: $says', async ({ content, says }) => {
    await expect(itemsOf(await makeFile('a.txt', content))).rejects.toThrow(says)
  })

  test('is a file', async () => {
    await expect(itemsOf('nowhere.json')).rejects.toThrow('There is no file nowhere.json.')
    await expect(itemsOf(tmpdir())).rejects.toThrow('is not a file')
  })

  test('takes its own options only', async () => {
    const path = await makeFile('a.txt', '31.12.23, 21:05 - Ana: hi')
    await expect(itemsOf(path, { collection: 'x' })).rejects.toThrow(
      '--collection is not for what comes from WhatsApp',
    )
    await expect(itemsOf(path, { from: 'django', dateOrder: 'dmy' })).rejects.toThrow(
      '--date-order is not for',
    )
    await expect(itemsOf(path, { from: 'langchain', collection: 'x' })).rejects.toThrow(
      '--collection is for a URI',
    )
    await expect(itemsOf('mongodb://host', { from: 'django' })).rejects.toBeInstanceOf(UsageError)
  })
})

describe('times of a place', () => {
  const at = (text: string) => Date.parse(`${text}Z`)

  test('are those of its zone, whatever the season', () => {
    const localTimes = createLocalTimes('Europe/Berlin')
    expect(localTimes(at('2024-01-15T12:00:00.5'))).toEqual(new Date('2024-01-15T11:00:00.500Z'))
    expect(localTimes(at('2024-07-15T12:00:00'))).toEqual(new Date('2024-07-15T10:00:00Z'))
  })

  test('go on in the hour that clocks repeat, and in the one that they skip', () => {
    const localTimes = createLocalTimes('Europe/Berlin')
    const shown = ['02:10', '02:50', '02:20', '02:30', '03:00'].map((time) =>
      localTimes(at(`2024-10-27T${time}`)),
    )
    expect(shown.map((time) => time.toISOString().slice(11, 16))).toEqual([
      '00:10',
      '00:50',
      '01:20',
      '01:30',
      '02:00',
    ])
    expect(createLocalTimes('Europe/Berlin')(at('2024-03-31T02:30'))).toEqual(
      new Date('2024-03-31T01:30:00Z'),
    )
  })

  test('are taken from ISO 8601, with an offset of its own or without', () => {
    const localTimes = createLocalTimes('America/Sao_Paulo')
    expect(timeOf('2024-01-15T12:00:00', localTimes)).toEqual({
      instant: new Date('2024-01-15T15:00:00Z'),
      written: new Date('2024-01-15T12:00:00Z'),
    })
    const aware = new Date('2024-01-15T12:00:00.123Z')
    expect(timeOf('2024-01-15 13:00:00.123456+01:00', localTimes)).toEqual({ instant: aware, written: aware })
    expect(timeOf('soon', localTimes)).toBeUndefined()
  })
})

describe('memory', () => {
  const MESSAGES = 12_000

  const telegram = virtualFile('result.json', function* () {
    yield '{"name":"Ana","type":"personal_chat","id":1,"messages":['
    for (let id = 1; id <= MESSAGES; id++) {
      const message = {
        id,
        type: 'message',
        date_unixtime: String(1_700_000_000 + id),
        from_id: 'user1',
        text: 'hi',
      }
      yield `${id > 1 ? ',' : ''}${JSON.stringify({ ...message, forwarded_from: 'x'.repeat(200) })}`
    }
    yield ']}'
  })

  const whatsapp = virtualFile('chat.txt', function* () {
    for (let n = 0; n < MESSAGES; n++) {
      const time = new Date(1_700_000_000_000 + n * 10_000).toISOString()
      yield `${time.slice(0, 10)}, ${time.slice(11, 16)} - ${n % 2 ? 'Ana' : 'Bot'}: ${n} ${'x'.repeat(200)}\n`
    }
  })

  test.each([
    { name: 'Telegram', read: async () => readTelegram(telegram, { timezone: 'UTC' }) },
    { name: 'WhatsApp', read: () => readWhatsApp(whatsapp, { me: 'Bot', provider: 'x', timezone: 'UTC' }) },
  ])('does not grow with what comes from $name', async ({ read }) => {
    const held: number[] = []
    let count = 0
    const onItem = () => {
      if (++count % (MESSAGES / 4) === 0) held.push(heldHeap())
    }
    const tally = createTally()
    const signal = new AbortController().signal
    await transfer(await read(), createWriter(trialTarget, tally), { signal, onItem })
    expect(tally.counts.messages).toMatchObject({ created: MESSAGES })
    const [first = 0, ...rest] = held
    expect(Math.max(...rest) - first).toBeLessThan(2 ** 21)
  })
})

test('what comes before a fault is imported', async () => {
  const chat = Buffer.from(
    '31.12.23, 21:05 - Ana: hi\n31.12.23, 21:06 - Bot: oi\n31.12.23, 21:07 - Ana: n\u00e3o\n31.12.23, 21:08 - Bot: x',
    'latin1',
  )
  const messages = [1, 2].map((id) => ({
    id,
    type: 'message',
    date_unixtime: '1',
    from_id: 'user1',
    text: 'hi',
  }))
  const result = JSON.stringify({ name: 'Ana', type: 'personal_chat', id: 1, messages })
  const dump = await readFile(fixture('django-dumpdata.json'), 'utf8')
  for (const { name, content, options, created, says } of [
    { name: 'chat.txt', content: chat, options: { me: 'Bot' }, created: 1, says: 'line 3 is something else' },
    {
      name: 'result.json',
      content: result.slice(0, -1),
      options: {},
      created: 2,
      says: 'ends in the middle',
    },
    {
      name: 'dump.json',
      content: dump.slice(0, dump.indexOf('Confirma')),
      options: {},
      created: 2,
      says: 'ends in',
    },
  ]) {
    const { tally, fault } = await importInto(undefined, await makeFile(name, content), options)
    expect(tally.counts.messages.created).toBe(created)
    expect(fault?.message).toContain(`${name} `)
    expect(fault?.message).toContain(says)
  }
})
