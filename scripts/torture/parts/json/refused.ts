import { AsyncLocalStorage } from 'node:async_hooks'
import mongoose from 'mongoose'
import { type DialogueStore, DialogueStoreError, openStore } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import { DOORS, type Door, type Subject } from './doors.ts'
import { isNamed, judgeObject, type Offence } from './oracle.ts'
import { type Scene, START, says } from './scene.ts'
import type { Doubtful } from './values.ts'

/** A store of which it is known what each call makes it send. */
export interface Watched {
  store: DialogueStore
  subject: Subject
  /** What a call sends: not what the store does of itself, nor what another call makes it send. */
  sentBy(call: () => Promise<unknown>): Promise<{ outcome: unknown; failed: boolean; sent: string[] }>
}

export async function openWatched(
  { uri, dbName, scene }: { uri: string; dbName: string; scene: Scene },
  { defer }: Pick<Attempt, 'defer'>,
): Promise<Watched> {
  const connection = await mongoose.createConnection(uri, { dbName, monitorCommands: true }).asPromise()
  defer(() => connection.close())
  const calls = new AsyncLocalStorage<string[]>()
  connection.getClient().on('commandStarted', ({ commandName }) => calls.getStore()?.push(commandName))
  const store = await openStore({ connection })
  defer(store.close)
  const userId = scene.userIds[4] ?? ''
  const { message } = await store.storeMessage(says(userId, { a: 1 }))
  const { event } = await store.storeEvent({ creatorId: userId, summary: 'Tea', start: START })
  return {
    store,
    subject: { userId, messageId: message.id, eventId: event.id },
    async sentBy(call) {
      const sent: string[] = []
      try {
        return { outcome: await calls.run(sent, call), failed: false, sent }
      } catch (outcome) {
        return { outcome, failed: true, sent }
      }
    },
  }
}

type Needs = Pick<Attempt, 'random' | 'tally' | 'plant'>

/** Each value at a door of chance: it is refused there, by its place, and nothing is sent for it. */
export async function refuseAll(
  watched: Watched,
  what: string,
  values: readonly Doubtful[],
  { random, tally, plant }: Needs,
): Promise<void> {
  const calls = values.map(async ({ kind, value }) => {
    const door = random.pick(DOORS)
    const { offences } = judgeObject(value)
    const wrong =
      offences.length === 0
        ? 'the oracle has nothing against it'
        : await wrongWith(watched, door, plant === 'taken' ? {} : value, offences, plant === 'io')
    if (wrong) tally.lost(what, `${kind}, at ${door.name}: ${wrong}`)
  })
  await Promise.all(calls)
  tally.tried(what, values.length)
}

async function wrongWith(
  { store, subject, sentBy }: Watched,
  { call, at, mayBeSent = [] }: Door,
  value: object,
  offences: Offence[],
  isPlanted: boolean,
): Promise<string | undefined> {
  const { outcome, failed, sent } = await sentBy(async () => {
    if (isPlanted) await store.ping()
    return call(store, subject, value)
  })
  const superfluous = sent.filter((name) => !mayBeSent.includes(name))
  if (!failed) return 'it was taken'
  if (!(outcome instanceof DialogueStoreError)) return `it ended with ${outcome}`
  const { code, issues = [], outcome: effect } = outcome
  if (code !== 'INVALID_INPUT' || effect !== 'not-applied') return `it ended with ${code}, ${effect}`
  if (superfluous.length > 0) return `${superfluous} was sent`
  const isRight = ({ path }: { path: (string | number)[] }) =>
    JSON.stringify(path.slice(0, at.length)) === JSON.stringify(at) &&
    isNamed(offences, path.slice(at.length))
  if (issues.length > 0 && issues.every(isRight)) return undefined
  const named = issues.map(({ path }) => JSON.stringify(path).slice(0, 300))
  return `the refusal names ${named}, and not ${JSON.stringify(at)} with ${offences.slice(0, 3).map(toText)}`
}

const toText = ({ place, why }: Offence): string => `${JSON.stringify(place).slice(0, 300)}, which ${why}`
