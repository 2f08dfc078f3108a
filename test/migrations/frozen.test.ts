import { expect, test } from '@jest/globals'
import { createHistory } from '../../src/migrations/history.ts'
import { MIGRATIONS } from '../../src/migrations/run.ts'
import { openDatabase } from '../check/support/scene.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command, start } from './command.ts'
import { hold, release, useOwnServer } from './scene.ts'

useOwnServer()

const GONE_ON = { code: 1, stderr: expect.stringContaining('Another process has gone on') }

async function makeScene() {
  const { db, dbName } = await makeDatabase()
  const meta = db.collection<{ _id: string; state?: string }>('dialogue_meta')
  return {
    ...{ db, dbName, meta },
    /** The library's commands, not the test's own. */
    hold: (name: string, blockTimeMS: number, mode?: object) => {
      const namespace = `${dbName}.dialogue_meta`
      return hold({ failCommands: [name], namespace, appName: 'dialogue-store', blockTimeMS }, mode)
    },
    /** As when its process was frozen for longer. */
    endLease: () => meta.deleteOne({ _id: 'lease' }),
    states: () => meta.distinct('state', { _id: /^migration:/ }),
  }
}

test('frozen before it begins, it does not take back what another one has applied meanwhile', async () => {
  const scene = await makeScene()
  const beginning = await scene.hold('update', 2500, { times: 1 })
  const frozen = start(['up', '--db', scene.dbName])
  await beginning()
  await scene.endLease()
  await makeStore({ dbName: scene.dbName })
  expect(await frozen.ended).toMatchObject(GONE_ON)
  expect(await scene.states()).toEqual(['applied'])
})

test('what is applied by now is neither taken back nor forgotten by who began before', async () => {
  const { dbName, states } = await makeScene()
  await makeStore({ dbName })
  const history = createHistory(await openDatabase(dbName))
  const before = await history.list()
  for (const { name } of MIGRATIONS) {
    await history.begin(name)
    await history.forget(name)
  }
  /* Nor is applied what was taken down. */
  await history.record('9999-gone', 'applied')
  expect(await states()).toEqual(['applied'])
  expect(await history.list()).toEqual(before)
})

test('frozen when all is reverted, it leaves what another one has created meanwhile', async () => {
  const scene = await makeScene()
  const { db, dbName, meta } = scene
  const down = ['down', '--yes', '--db', dbName]
  await (await makeStore({ dbName })).close()
  for (const _ of MIGRATIONS.slice(2)) await command(down)
  await db.command({ profile: 2 })
  await command(down)
  await db.command({ profile: 0 })
  const looks = await db.collection('system.profile').countDocuments({ 'command.find': 'dialogue_meta' })
  /* At the last one it sees that nothing is left. */
  const looking = await scene.hold('find', 1000, { skip: looks - 1 })
  const frozen = start(down)
  await looking()
  frozen.child.kill('SIGSTOP')
  await release()
  expect(await meta.countDocuments({ _id: /^migration:/ })).toBe(0)
  await scene.endLease()
  const store = await makeStore({ dbName })
  const before = await meta.find().toArray()
  frozen.child.kill('SIGCONT')
  expect(await frozen.ended).toMatchObject(GONE_ON)
  expect(await meta.find({ _id: { $in: before.map(({ _id }) => _id) } }).toArray()).toHaveLength(
    before.length,
  )
  await makeStore({ dbName, migrate: 'check' })
  await store.close()
})
