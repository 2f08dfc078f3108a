import { inspect } from 'node:util'
import mongoose from 'mongoose'
import { nextId } from '../../../../src/ids.ts'
import { DialogueStoreError, openStore } from '../../../../src/index.ts'
import { closedPort } from '../../rig/servers.ts'
import type { Look } from './look.ts'
import { markIn, PASSWORD, wordOf } from './marks.ts'
import type { Meddle } from './plants.ts'
import { DB_NAME, type World } from './world.ts'

const WHAT = 'passwords in URIs'
const USER = wordOf('User')
const TIMEOUT_MS = 500

/** A password as it stands in a URI, and as somebody writes it who does not know how. */
const SPELLINGS = {
  encoded: encodeURIComponent(PASSWORD),
  'not encoded': PASSWORD,
  'half encoded': encodeURI(PASSWORD),
}

/** URIs with that password, of no server that would take it. */
function urisWith(password: string, host: string): Record<string, string> {
  const named = `${USER}:${password}@`
  const at = `mongodb://${named}${host}`
  return {
    refused: `${at}/?directConnection=true`,
    'refused by another database': `${at}/${DB_NAME}?authSource=${wordOf('Source')}&directConnection=true`,
    'of an unknown mechanism': `${at}/?authMechanism=${wordOf('Mechanism')}`,
    'with properties': `${at}/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:${wordOf('Service')},${wordOf('Bad')}`,
    'with an unknown option': `${at}/?${wordOf('Option')}=${password}`,
    'with an option twice': `${at}/?replicaSet=${wordOf('One')}&replicaSet=${wordOf('Two')}`,
    'with a wrong number': `${at}/?maxPoolSize=${wordOf('Number')}`,
    'with a proxy': `${at}/?proxyHost=${wordOf('Proxy')}&proxyUsername=${wordOf('P')}&proxyPassword=${password}`,
    'with a certificate': `${at}/?tls=true&tlsCAFile=/${wordOf('File')}&tlsCertificateKeyFilePassword=${password}`,
    'of several hosts, and direct': `mongodb://${named}${host},${host}/?directConnection=true`,
    'without a host': `mongodb://${named}`,
    'with a wrong port': `mongodb://${named}127.0.0.1:${wordOf('Port')}/`,
    'with two passwords': `mongodb://${named}${named}${host}/`,
    'of a socket': `mongodb://${named}%2Ftmp%2F${wordOf('Socket')}.sock/`,
    'with a blank': ` ${at}/`,
    'of another protocol': `postgres://${named}${host}/`,
    'without a protocol': `${named}${host}/`,
    'by DNS, of a port': `mongodb+srv://${named}${host}/`,
    'by DNS, of two hosts': `mongodb+srv://${named}a.${wordOf('host')}.example,b.example/`,
    'by DNS, of one label': `mongodb+srv://${named}${wordOf('host')}/`,
    'by DNS, with an unknown option': `mongodb+srv://${named}a.b.invalid/?${wordOf('Option')}=${password}`,
  }
}

/** Opens stores by URIs that keep a secret, which are refused, or malformed. */
export async function tryPasswords(world: World, look: Look, meddle?: Meddle): Promise<void> {
  const { host } = new URL(world.uri)
  const nowhere = `127.0.0.1:${await closedPort()}`
  const open = (uri: string) =>
    openAndClose({ uri, dbName: DB_NAME, timeoutMs: TIMEOUT_MS, logger: world.logger })
  const all = Object.entries(SPELLINGS).flatMap(([spelt, password]) => {
    const nobody = `mongodb://${USER}:${password}@${nowhere}/`
    const uris = Object.entries({ ...urisWith(password, host), 'of nobody who listens': nobody })
    return uris.map(([title, uri]) => look.at(WHAT, `${title}, ${spelt}`, () => open(uri), { meddle }))
  })
  await Promise.all(all)
}

/** What is looked up where there is no such name, or no network: it takes as long as that takes. */
export async function tryLookup({ logger }: World, look: Look): Promise<void> {
  const uri = `mongodb+srv://${USER}:${SPELLINGS.encoded}@${wordOf('cluster')}.example.invalid/?retryWrites=true`
  await look.at(WHAT, 'by DNS, of no such name', () =>
    openAndClose({ uri, dbName: DB_NAME, timeoutMs: TIMEOUT_MS, logger }),
  )
}

/** A user whom the server knows, by the right password and by a wrong one. */
export async function tryUsers(world: World, look: Look): Promise<void> {
  const { client, logger, uri } = world
  const { host } = new URL(uri)
  const admin = client.db('admin')
  const user = `${USER}${nextId().toHexString()}`
  const uriOf = (password: string) =>
    `mongodb://${user}:${encodeURIComponent(password)}@${host}/?authSource=admin&directConnection=true`
  const options = { dbName: DB_NAME, timeoutMs: 5000, logger }
  await admin.command({ createUser: user, pwd: PASSWORD, roles: ['readWriteAnyDatabase'] })
  try {
    await look.at(WHAT, 'wrong', () => openAndClose({ ...options, uri: uriOf(`${PASSWORD}!`) }))
    await look.at(WHAT, 'right', () => useStore({ ...options, uri: uriOf(PASSWORD) }))
    await look.at(WHAT, 'right, on a borrowed connection', async () => {
      const connection = await mongoose.createConnection(uriOf(PASSWORD), { dbName: DB_NAME }).asPromise()
      try {
        await useStore({ connection, logger })
      } finally {
        await connection.close()
      }
    })
  } finally {
    await admin.command({ dropUser: user })
  }
}

type Options = Parameters<typeof openStore>[0]

async function openAndClose(options: Options): Promise<void> {
  const store = await openStore(options)
  await store.close()
}

/** Nothing of the connection shows on the store, nor on what its verbs say. */
async function useStore(options: Options): Promise<void> {
  const store = await openStore(options)
  const shown = [inspect(store, { depth: Number.POSITIVE_INFINITY, showHidden: true })]
  const errors = [await store.getUser(nextId()).catch((error: unknown) => error)]
  await store.close()
  errors.push(await store.ping().catch((error: unknown) => error))
  for (const error of errors) if (!(error instanceof DialogueStoreError)) throw error
  const mark = markIn(`${shown}${errors.map((error) => inspect(error, { depth: 20, showHidden: true }))}`)
  if (mark) throw new Error(`a store shows ${mark}`)
}
