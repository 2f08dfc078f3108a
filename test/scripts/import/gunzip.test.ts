import { setTimeout } from 'node:timers/promises'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { BrokenSource } from '../../../scripts/import/faults.ts'
import { openFile } from '../../../scripts/import/file.ts'
import { importInto, makeFile } from './support.ts'

describe('what is gzipped', () => {
  /** Not to be packed to nothing, as words that are all the same would be. */
  const lines = Array.from({ length: 20_000 }, (_, n) => `${n} ${Math.sin(n)}\n`).join('')
  const packed = gzipSync(lines)

  /** As slow as a store: what is unpacked waits for it. */
  async function readSlowly(content: Uint8Array) {
    const file = await openFile(await makeFile('a.txt.gz', content), () => {})
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of file.bytes()) {
        chunks.push(chunk)
        await setTimeout(5)
      }
    } catch (fault) {
      return { text: Buffer.concat(chunks).toString(), fault }
    }
    return { text: Buffer.concat(chunks).toString(), fault: undefined }
  }

  test.each([0.3, 0.6, 0.9, 0.999])('is read up to where it is cut off (%p)', async (part) => {
    const cut = packed.subarray(0, Math.floor(packed.length * part))
    const there = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
    expect(there.length).toBeGreaterThan(lines.length * (part - 0.2))
    const { text, fault } = await readSlowly(cut)
    expect({ isAll: text === there, length: text.length }).toEqual({ isAll: true, length: there.length })
    expect(fault).toEqual(
      new BrokenSource('a.txt.gz cannot be unpacked to its end: gzip says that it is damaged.'),
    )
  })

  test.each([
    { what: 'is followed by zeros', rest: Buffer.alloc(100_000), expected: lines },
    { what: 'is followed by more of it', rest: gzipSync('the end'), expected: `${lines}the end` },
  ])('is read to its end, though it $what', async ({ rest, expected }) => {
    const { text, fault } = await readSlowly(Buffer.concat([packed, rest]))
    expect({ isAll: text === expected, fault }).toEqual({ isAll: true, fault: undefined })
  })

  test('is imported up to where it is cut off, however little it is', async () => {
    const chat = Array.from(
      { length: 300 },
      (_, n) => `31.12.23, 21:05 - ${n % 2 ? 'Bot' : 'Ana'}: ${Math.sin(n)}\n`,
    )
    const cut = gzipSync(chat.join('')).subarray(0, -500)
    const { tally, fault } = await importInto(undefined, await makeFile('chat.txt.gz', cut), { me: 'Bot' })
    expect(fault?.message).toMatch(/chat\.txt\.gz cannot be unpacked to its end/)
    expect(tally.counts.messages.created).toBeGreaterThan(100)
  })
})
