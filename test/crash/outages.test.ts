import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { type DialogueStore, DialogueStoreError } from '../../src/index.ts'
import { storedOf } from '../support/make.ts'
import { isThorough } from '../support/thorough.ts'
import { OPERATIONS, type Operation, type Scene } from './support/operations.ts'
import { findOrphans } from './support/orphans.ts'
import { type CrashWorld, isDone, makeCrashWorld } from './support/world.ts'

/** With THOROUGH set, every kind: each waits for its deadlines. */
const KINDS_OF_CALL: Operation[] = isThorough
  ? ['turn', 'message', 'event', 'create', 'edit', 'remove']
  : ['turn', 'message']
/** Short, since each caller waits as long. */
const TIMEOUT_MS = 3000

/** A store, and its line to the server, which breaks at a command and is not repaired before the caller's time is over. */
interface Line {
  store: DialogueStore
  proxy: Awaited<ReturnType<typeof startProxy>>
}

let world: CrashWorld
const opened: Line[] = []
beforeAll(async () => {
  world = await makeCrashWorld({ kind: 'capped' })
})
afterAll(async () => {
  await Promise.all(opened.map(({ store }) => store.close()))
  for (const { proxy } of opened) proxy.stop()
  await world?.stop()
})

async function openLine(): Promise<Line> {
  const proxy = await startProxy(world.port)
  const line = { proxy, store: await world.open({ uri: proxy.uri, timeoutMs: TIMEOUT_MS }) }
  opened.push(line)
  return line
}

type Heard = { value: unknown } | { error: unknown }

/** Runs an operation on a line that breaks at a command. @returns how many commands it sent, and what was heard */
async function runBroken({ store, proxy }: Line, operation: Operation, scene: Scene, at: number, fate: Fate) {
  let commands = 0
  proxy.judgeBy(() => (++commands < at ? 'arrives' : fate))
  const heard: Heard = await OPERATIONS[operation](store, scene).then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  )
  proxy.judgeBy(() => 'arrives')
  return { commands, heard }
}

/** An operation for each of its commands: the line breaks there. */
async function breakAtEach(operation: Operation, fate: Fate): Promise<[Scene, Heard][]> {
  const first = await openLine()
  const { commands } = await runBroken(first, operation, await world.makeScene(), 1, 'arrives')
  const scenes = await world.makeScenes(commands)
  return Promise.all(
    scenes.map(async (scene, i): Promise<[Scene, Heard]> => {
      const { heard } = await runBroken(await openLine(), operation, scene, i + 1, fate)
      return [scene, heard]
    }),
  )
}

/**
 * What has been committed and not been settled, is by the first who reads. A commit that was given up may still be on
 * its way, and arrive after that: who reads again sees it whole.
 */
async function isDoneBehindReaders(operation: Operation, scene: Scene): Promise<boolean> {
  await world.store.retrieveHistory(scene.userId)
  const done = await isDone(world, operation, scene).catch(() => undefined)
  if (done !== undefined) return done
  await world.store.retrieveHistory(scene.userId)
  return isDone(world, operation, scene)
}

/** What the error says of the operation. */
function outcomeOf(heard: Heard): 'applied' | 'not-applied' | 'unknown' {
  if ('value' in heard) return 'applied'
  expect(heard.error).toBeInstanceOf(DialogueStoreError)
  const { code, outcome } = heard.error as DialogueStoreError
  expect(['TIMEOUT', 'UNAVAILABLE']).toContain(code)
  return outcome
}

async function expectTruth(operation: Operation, fate: Fate): Promise<void> {
  const ends = await breakAtEach(operation, fate)
  const outcomes = ends.map(([, heard]) => outcomeOf(heard))
  expect([operation, outcomes]).toEqual([operation, expect.arrayContaining(['not-applied'])])
  await Promise.all(
    ends.map(async ([scene], at) => {
      const isKnown = outcomes[at] !== 'unknown'
      const done = await isDoneBehindReaders(operation, scene)
      if (isKnown) expect([operation, at, done]).toEqual([operation, at, outcomes[at] === 'applied'])
      const said = await OPERATIONS[operation](world.store, scene)
      if (isKnown && typeof said === 'boolean') expect([operation, at, said]).toEqual([operation, at, !done])
      expect(await isDone(world, operation, scene)).toBe(true)
      const { messages } = await storedOf(world.db, scene.userId)
      expect(messages.length).toBe({ turn: 5, message: 4, remove: 1 }[operation as string] ?? 3)
    }),
  )
}

async function expectReceipts(fate: Fate): Promise<void> {
  const ends = await breakAtEach('erase', fate)
  await Promise.all(
    ends.map(async ([{ userId }, heard]) => {
      const receipt = { userId, messages: 3, contexts: 1, events: 1 }
      if (outcomeOf(heard) === 'applied') expect(heard).toMatchObject({ value: receipt })
      expect(await world.store.deleteUser(userId)).toMatchObject(receipt)
    }),
  )
}

test.each(['is lost', 'loses its reply'] as const)(
  'where each command %s from one on, every caller hears what the database holds',
  async (fate) => {
    for (const operation of KINDS_OF_CALL) await expectTruth(operation, fate)
    await expectReceipts(fate)
    expect(await findOrphans(world.db)).toEqual({})
  },
  300_000,
)
