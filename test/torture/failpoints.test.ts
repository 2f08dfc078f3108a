import { expect, test } from '@jest/globals'
import { startPart } from '../../scripts/torture/attempt.ts'
import { failpoints } from '../../scripts/torture/parts/failpoints/index.ts'
import { WITH_MESSAGES, WITHOUT_MESSAGES } from '../../scripts/torture/parts/failpoints/operations/index.ts'
import { makeScene } from '../../scripts/torture/parts/failpoints/scene.ts'
import { everything } from '../../scripts/torture/parts/failpoints/turns.ts'
import type { DialogueStore, StoreTransaction } from '../../src/index.ts'
import { makeWorld } from '../support/make.ts'
import { expectAllTried } from '../support/tried.ts'
import { expectNothingLost } from './support/attempts.ts'
import { everyVerb } from './support/verbs.ts'

const TIMEOUT_MS = 180_000

test(
  'whatever command fails, and however, callers hear what is so, and nothing is left behind',
  async () => {
    expect(await expectNothingLost(failpoints, 12_000)).toHaveLength(10)
  },
  TIMEOUT_MS,
)

test.each([
  ['silent', 'said that it was done, and nothing is'],
  ['half', 'is done otherwise'],
  ['untyped', 'no DialogueStoreError'],
])(
  'a fault is reported: %s',
  async (plant, said) => {
    const rows = await startPart(failpoints, { ms: 1, seed: 1, plant }).ended
    expect(rows.flatMap(({ details }) => details)).toContainEqual(expect.stringContaining(said))
  },
  TIMEOUT_MS,
)

/** They send what others send. */
const NOTHING_NEW = [
  ...['grammy.readAllKeys', 'grammy.readAllValues', 'telegraf.get', 'telegraf.set', 'telegraf.delete'],
  /* And this one nothing. */
  'agents.getSessionId',
]

test('every verb has an operation', async () => {
  const { store, db } = await makeWorld()
  const { server, verbs } = await everyVerb(store)
  const called = new Set<string>()
  const watch: ProxyHandler<StoreTransaction> = {
    get(tx, verb) {
      called.add(`tx.${String(verb)}`)
      return Reflect.get(tx, verb)
    },
  }
  const watched: DialogueStore = {
    ...store,
    withTransaction: (work) => store.withTransaction((tx) => work(new Proxy(tx, watch))),
  }
  await everything(watched, await makeScene({ other: store, db, calendars: server }))
  const tried = [...Object.keys({ ...WITH_MESSAGES, ...WITHOUT_MESSAGES }), ...called, ...NOTHING_NEW]
  expectAllTried(tried, verbs, 'scripts/torture/parts/failpoints/operations, those of tx in turns.ts')
})
