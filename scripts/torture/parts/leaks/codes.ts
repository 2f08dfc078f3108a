import { nextId } from '../../../../src/ids.ts'
import {
  DialogueStoreError,
  ERROR_CODES,
  type ErrorCode,
  type StoreTransaction,
} from '../../../../src/index.ts'
import { startOlder } from '../../rig/servers.ts'
import type { Look } from './look.ts'
import { keyOf, textOf, wordOf } from './marks.ts'
import type { Meddle } from './plants.ts'
import { jsonOf, makeSubject, newEvent, newMessage, newUser, type Subject } from './subject.ts'
import type { World } from './world.ts'

const WHAT = 'each error code'
const HUGE = 'x'.repeat(17 * 2 ** 20)

type Way = [code: ErrorCode, title: string, call: () => Promise<unknown>]

/** Every code that an error can have, by calls whose arguments have marks. */
export async function tryCodes(world: World, look: Look, meddle?: Meddle): Promise<void> {
  const subject = await makeSubject(world.store)
  const ways = [
    ...absent(world),
    ...conflicting(world, subject),
    ...ended(world, subject),
    ...refusedAtOpen(world),
    ...overburdened(world, subject),
  ]
  for (const [code, title, call] of ways) {
    const { error } = await look.at(WHAT, title, call, { meddle })
    const found = error instanceof DialogueStoreError ? error.code : 'no error of the store'
    if (found !== code) look.missed(WHAT, `${title} was to be ${code}, and is ${found}`)
  }
}

/** Which of them were not met. */
export const unmet = (look: Look): ErrorCode[] => ERROR_CODES.filter((code) => !look.codes.has(code))

const absent = ({ store }: World): Way[] => [
  ['USER_NOT_FOUND', 'createContext of nobody', () => store.storeContext(nextId(), jsonOf('Nobody'))],
  ['USER_NOT_FOUND', 'storeMessage of nobody', () => store.storeMessage(newMessage(nextId().toHexString()))],
  ['USER_NOT_FOUND', 'storeEvent of nobody', () => store.storeEvent(newEvent(nextId().toHexString()))],
  ['EVENT_NOT_FOUND', 'updateEvent of none', () => store.updateEvent(nextId(), { summary: textOf('None') })],
]

const conflicting = ({ store }: World, { userId, messageId, eventId }: Subject): Way[] => [
  [
    'MESSAGE_NOT_FOUND',
    'getMessage of none',
    () => store.getMessage(userId, { externalId: textOf('None'), conversationId: textOf('None') }),
  ],
  [
    'IDENTITY_TAKEN',
    'createUser',
    async () => store.createUser({ identities: (await store.getUser(userId)).identities }),
  ],
  ['VERSION_CONFLICT', 'storeContext', () => store.storeContext(userId, jsonOf('Old'), { ifVersion: 99 })],
  [
    'VERSION_CONFLICT',
    'updateMessage',
    () => store.updateMessage(userId, messageId, { content: textOf('Old') }, { ifVersion: 99 }),
  ],
  [
    'VERSION_CONFLICT',
    'updateEvent',
    () => store.updateEvent(eventId, { summary: textOf('Old') }, { ifVersion: 99 }),
  ],
  [
    'STATE_CONFLICT',
    'updateUser',
    () =>
      store.updateUser(userId, { name: textOf('Name') }, { ifStates: { [keyOf('Flow')]: textOf('Other') } }),
  ],
  [
    'TOO_LARGE',
    'storeMessage',
    () => store.storeMessage({ ...newMessage(userId), metadata: { [keyOf('Huge')]: HUGE } }),
  ],
  ['TOO_LARGE', 'storeContext', () => store.storeContext(userId, { ...jsonOf('Huge'), HUGE })],
  ['INVALID_INPUT', 'retrieveHistory', () => store.retrieveHistory(userId, { before: textOf('Cursor') })],
  [
    'INVALID_INPUT',
    'listUsers',
    () => store.listUsers({ cursor: Buffer.from(textOf('Cursor')).toString('base64url') }),
  ],
]

/** The server's: its log of changes does not go back so far. */
const HISTORY_LOST = 286

const ended = ({ store, use, failing }: World, { userId, live }: Subject): Way[] => [
  [
    'CURSOR_GONE',
    'followMessages',
    () =>
      failing(
        { errorCode: HISTORY_LOST },
        () => store.followMessages({ userId, after: live })[Symbol.asyncIterator]().next(),
        ['aggregate', 'getMore'],
      ),
  ],
  [
    'TRANSACTION_CLOSED',
    'tx.storeMessage',
    async () => {
      let kept: StoreTransaction | undefined
      await store.withTransaction(async (tx) => {
        kept = tx
      })
      return kept?.storeMessage(newMessage(userId))
    },
  ],
  [
    'STORE_CLOSED',
    'createUser',
    async () => (await use({}, async (closed) => closed))?.createUser(newUser()),
  ],
]

const refusedAtOpen = ({ uri, use, client, failing }: World): Way[] => [
  ['MIGRATION_PENDING', 'openStore', () => use({ dbName: 'leaks-new', migrate: 'check' })],
  [
    'MIGRATION_MISMATCH',
    'openStore, beside what is foreign',
    async () => {
      await client
        .db('leaks-foreign')
        .collection<{ _id: string }>('dialogue_meta')
        .insertOne({ _id: textOf('Foreign') })
        .catch(() => {})
      return use({ dbName: 'leaks-foreign' })
    },
  ],
  ['RETENTION_MISMATCH', 'openStore', () => use({ retention: { kind: 'rolling' } })],
  ['INVALID_INPUT', 'openStore', () => use({ prefix: wordOf('Prefix.') })],
  ['TRANSACTIONS_UNSUPPORTED', 'openStore', () => failing({ errorCode: 20 }, () => use({}))],
  [
    'SERVER_UNSUPPORTED',
    'openStore, of an older one',
    async () => {
      const older = await startOlder(uri, 13)
      try {
        return await use({ uri: older.uri })
      } finally {
        await older.stop()
      }
    },
  ],
]

const overburdened = ({ store, hasty, use, failing }: World, { userId }: Subject): Way[] => [
  [
    'OVERLOADED',
    'storeMessage',
    () =>
      use({ maxQueuedBytes: 1 }, (narrow) =>
        Promise.all([newMessage(userId), newMessage(userId)].map((said) => narrow.storeMessage(said))),
      ),
  ],
  [
    'USER_LOCKED',
    'withUserLock',
    () =>
      store.withUserLock(userId, () => hasty.withUserLock(userId, async () => textOf('Work'), { waitMs: 0 })),
  ],
  [
    'TIMEOUT',
    'updateUser',
    () =>
      failing({ blockConnection: true, blockTimeMS: 600 }, () =>
        hasty.updateUser(userId, { data: jsonOf('Late') }),
      ),
  ],
  [
    'UNAVAILABLE',
    'updateUser',
    () => failing({ errorCode: 13 }, () => store.updateUser(userId, { data: jsonOf('Refused') })),
  ],
]
