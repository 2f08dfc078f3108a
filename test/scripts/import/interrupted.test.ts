import { beforeAll, describe, expect, test } from '@jest/globals'
import { makeDatabase, makeStore } from '../../support/store.ts'
import { startScript } from '../command.ts'
import { importInto, makeFile, storedIn } from './support.ts'

/** Enough for a slow machine to interrupt it in the middle. */
const LINES = 12_000
const OPTIONS = { me: 'Bot', timezone: 'UTC' }

/** A line of a chat in which seven things are said in a minute, some of them the same. */
function lineOf(n: number): string {
  const time = new Date(Date.UTC(2024, 0, 15, 0, Math.floor(n / 7))).toISOString()
  const [date = '', clock = ''] = time.split('T')
  return `${date.split('-').reverse().join('/')} ${clock.slice(0, 5)} - ${n % 2 ? 'Bot' : 'Ana'}: ${n % 5}`
}

describe('an import that ends before its file', () => {
  let path: string
  let whole: Awaited<ReturnType<typeof storedIn>>

  beforeAll(async () => {
    path = await makeFile('chat.txt', Array.from({ length: LINES }, (_, n) => lineOf(n)).join('\n'))
    const { db, dbName } = await makeDatabase()
    await importInto(await makeStore({ dbName }), path, OPTIONS)
    whole = await storedIn(db)
    expect(whole.messages).toHaveLength(LINES)
  })

  test.each([
    { signal: 'SIGKILL', ends: { code: null } },
    {
      signal: 'SIGINT',
      ends: { code: 130, stderr: expect.stringMatching(/interrupted\. Run the same command again/) },
    },
  ] as const)('by $signal goes on where it was', async ({ signal, ends }) => {
    const { db, dbName } = await makeDatabase()
    const args = [path, '--db', dbName, '--me', 'Bot', '--timezone', 'UTC']
    const { child, ended } = startScript('import', args)
    const messages = db.collection('dialogue_messages')
    while (!(await messages.findOne()) && child.exitCode === null) await new Promise(setImmediate)
    child.kill(signal)
    expect(await ended).toMatchObject({ ...ends, stdout: '' })
    expect(await messages.countDocuments()).toBeLessThan(LINES)
    const { tally } = await importInto(await makeStore({ dbName }), path, OPTIONS)
    const { created, present } = tally.counts.messages
    expect(present).toBeGreaterThan(0)
    expect(created + present).toBe(LINES)
    expect(await storedIn(db)).toEqual(whole)
  })
})
