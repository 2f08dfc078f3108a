import { afterEach, beforeEach, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { openStore, type Retention } from '../../src/index.ts'
import { MODELS } from '../../src/migrations/baseline.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeDatabase } from '../support/store.ts'

/* On a far server each command that waits for another one is felt: a bot that starts often pays for all of them. */

let connection: mongoose.Connection
/** The commands so far: `find dialogue_meta`. */
let sent: string[]

beforeEach(async () => {
  const { uri } = await testServer()
  const { dbName } = await makeDatabase()
  connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  sent = []
  connection.getClient().on('commandStarted', ({ commandName, command }) => {
    const subject: unknown = command[commandName]
    sent.push(typeof subject === 'string' ? `${commandName} ${subject}` : commandName)
  })
})
afterEach(() => connection.close())

const SMALL = { retention: { kind: 'capped', sizeBytes: 2 ** 20 } } as const

/** What is sent until the store is open. */
async function opening(options: { retention?: Retention } = {}): Promise<string[]> {
  sent = []
  const store = await openStore({ connection, ...options })
  const commands = [...sent]
  await store.close()
  return commands
}

test('a migrated database is open after seven commands', async () => {
  await opening(SMALL)
  expect(await opening()).toEqual([
    'hello',
    'find dialogue_meta',
    'find dialogue_meta',
    'listCollections',
    'find dialogue_journal',
    'find dialogue_meta',
    'find dialogue_users',
  ])
})

test('a new database gets each collection by one command, and all of its indexes by another', async () => {
  const commands = await opening(SMALL)
  const namesIn = (command: string) =>
    commands.flatMap((one) => (one.startsWith(`${command} `) ? [one.split(' dialogue_')[1]] : [])).sort()
  const created = namesIn('create')
  expect([...new Set(created)]).toEqual(MODELS.map(({ collection }) => collection).sort())
  expect(namesIn('createIndexes')).toEqual(created)
  /* A migration changes what an earlier one has made by the same commands, and not all of it. */
  expect(created.length).toBeLessThan(MODELS.length * 2)
})
