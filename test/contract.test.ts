import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { ERROR_CODES } from '../src/index.ts'
import { makeStore } from './support/store.ts'

/*
 * The public contract as data: every verb, option and error code has to be used by a test of another file, or
 * by an example of the README. The scan reads text: it finds what was forgotten, not what is badly tested.
 */

const USER_FIELDS = ['name', 'email', 'locale', 'timezone', 'states', 'data']
const EVENT_FIELDS = [
  ...['summary', 'start', 'end', 'allDay', 'timezone', 'description', 'location', 'attendees', 'displayName'],
  ...['comment', 'visibility', 'reminders', 'recurrence', 'data'],
]
const MESSAGE_FILTERS = ['from', 'to', 'conversationId', 'senders', 'types']

/** Each verb, and the names of what it takes. */
const VERBS: Record<string, string[]> = {
  openStore: [
    ...['uri', 'dbName', 'connection', 'prefix', 'retention', 'migrate', 'shapes', 'logger', 'timeoutMs'],
    ...['maxQueuedBytes', 'sizeBytes', 'maxMessages', 'maxAgeMs', 'maxPerUser'],
    ...['context', 'userData', 'metadata', 'eventData'],
  ],
  close: [],
  ping: [],
  stats: [],
  createUser: ['id', 'identities', ...USER_FIELDS],
  getUser: [],
  findUser: ['provider', 'id'],
  ensureUser: USER_FIELDS,
  withUserLock: ['waitMs', 'leaseMs'],
  updateUser: [...USER_FIELDS, 'addIdentities', 'removeIdentities', 'ifVersion', 'ifStates'],
  deleteUser: [],
  listUsers: ['limit', 'cursor', 'email', 'states'],
  iterateUsers: ['limit', 'email', 'states'],
  exportUser: [],
  storeMessage: [
    ...['userId', 'sender', 'content', 'id', 'type', 'timestamp', 'conversationId', 'externalId', 'audio'],
    ...['uri', 'mimeType', 'durationSeconds', 'metadata'],
  ],
  storeMessages: [],
  retrieveHistory: ['limit', 'before', 'after', 'count', ...MESSAGE_FILTERS],
  iterateHistory: ['after', ...MESSAGE_FILTERS],
  followMessages: ['userId', 'after', 'signal'],
  getMessage: ['id', 'externalId', 'conversationId'],
  updateMessage: ['content', 'metadata', 'audio', 'externalId', 'ifVersion'],
  deleteMessages: ['ids', 'conversationId', 'all'],
  storeContext: ['ifVersion', 'covers'],
  mergeContext: ['ifVersion', 'covers'],
  updateContext: ['ifVersion', 'covers'],
  retrieveContext: ['pending', 'senders', 'conversationId'],
  deleteContext: [],
  storeEvent: ['creatorId', 'id', 'externalId', ...EVENT_FIELDS],
  getEvent: ['withCreator'],
  updateEvent: [...EVENT_FIELDS, 'ifVersion'],
  cancelEvent: [],
  deleteEvent: [],
  retrieveEvents: ['creatorId', 'from', 'to', 'status', 'withCreator', 'limit', 'cursor'],
  withTransaction: [],
}

/** Verbs that a transaction has, too. */
const VERBS_OF_TX = [
  ...['createUser', 'getUser', 'findUser', 'ensureUser', 'updateUser'],
  ...['storeMessage', 'storeMessages', 'getMessage', 'updateMessage', 'deleteMessages'],
  ...['storeContext', 'mergeContext', 'updateContext', 'retrieveContext', 'deleteContext'],
  ...['storeEvent', 'getEvent', 'updateEvent', 'cancelEvent', 'deleteEvent'],
]

/** Functions of the tests' own that hand what they are given to a verb. */
const ALIASES: Record<string, string[]> = {
  openStore: ['makeStore', 'openTestStore', 'open'],
  createUser: ['makeUser'],
  storeMessage: ['makeMessages', 'storeMessages'],
  storeMessages: ['makeMessages'],
  storeEvent: ['makeEvent'],
}

/** What the contract has and this version does not: the list shrinks with every version. */
const CODES = [
  ...['INVALID_INPUT', 'USER_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'EVENT_NOT_FOUND', 'IDENTITY_TAKEN'],
  ...['VERSION_CONFLICT', 'STATE_CONFLICT', 'TOO_LARGE', 'TRANSACTIONS_UNSUPPORTED', 'SERVER_UNSUPPORTED'],
  ...['MIGRATION_PENDING', 'MIGRATION_MISMATCH', 'RETENTION_MISMATCH', 'STORE_CLOSED', 'OVERLOADED'],
  ...['USER_LOCKED', 'TIMEOUT', 'UNAVAILABLE', 'TRANSACTION_CLOSED', 'CURSOR_GONE'],
  ...['CALENDAR_CONFLICT', 'CALENDAR_REFUSED', 'CALENDAR_UNAVAILABLE'],
]

const root = fileURLToPath(new URL('..', import.meta.url))

async function textsIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  const files = names.filter((name) => name.endsWith(ending) && name !== 'contract.test.ts')
  return Promise.all(files.map((name) => readFile(join(root, folder, name), 'utf8')))
}

/** The files that call a verb, by its own name or through a function that hands its arguments on. */
const filesThatCall = (verb: string, texts: string[]): string[] => {
  const call = new RegExp(`\\b(?:${[verb, ...(ALIASES[verb] ?? [])].join('|')})(?:<[^(]*?>)?\\(`)
  return texts.filter((text) => call.test(text))
}

/** Of what a verb takes, the names that are no key in any file that calls it. */
const unusedOf = (verb: string, options: string[], texts: string[]): string[] => {
  const files = filesThatCall(verb, texts)
  const asKey = (option: string) => new RegExp(`\\b${option}\\b\\s*[:,}]`)
  return options.filter((option) => !files.some((text) => asKey(option).test(text)))
}

describe('the contract', () => {
  let texts: string[]
  beforeAll(async () => {
    texts = [...(await textsIn('test', '.test.ts')), await readFile(join(root, 'README.md'), 'utf8')]
  })

  test.each(Object.entries(VERBS))('is used by a test or an example: %s', (verb, options) => {
    expect(filesThatCall(verb, texts)).not.toEqual([])
    expect(unusedOf(verb, options, texts)).toEqual([])
  })

  test('would be missed where nobody used it', () => {
    expect(filesThatCall('forgetUser', texts)).toEqual([])
    expect(unusedOf('updateUser', ['name', 'shoeSize', 'ifStates'], texts)).toEqual(['shoeSize'])
  })

  test.each(CODES)('is produced by a test: %s', (code) => {
    expect(texts.some((text) => new RegExp(`['"\`]${code}['"\`]`).test(text))).toBe(true)
  })

  test('has the verbs of the store, and no others', async () => {
    const store = await makeStore()
    const { openStore: _, ...verbs } = VERBS
    expect(Object.keys(store).sort()).toEqual(Object.keys(verbs).sort())
    expect(store[Symbol.asyncDispose]).toBeInstanceOf(Function)
  })

  test('has the verbs of a transaction, and no others, each used by a test', async () => {
    const store = await makeStore()
    const found = await store.withTransaction(async (tx) => Object.keys(tx))
    expect(found.sort()).toEqual([...VERBS_OF_TX].sort())
    const unused = VERBS_OF_TX.filter((verb) => !texts.some((text) => text.includes(`tx.${verb}(`)))
    expect(unused).toEqual([])
  })

  test('has the codes of errors, and no others', () => {
    expect([...ERROR_CODES].sort()).toEqual([...CODES].sort())
  })
})
