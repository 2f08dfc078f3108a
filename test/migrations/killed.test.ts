import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { makeClient } from '../support/store.ts'
import { command, start, until } from './command.ts'
import { shapeOf } from './ledger.ts'
import { hold, kill, makeScene, release, startSlowly, useOwnServer } from './scene.ts'

useOwnServer()

/** How many commands that copy messages are under way. */
async function mergesOf({ databaseName }: mongoose.mongo.Db): Promise<number> {
  const ofMessages = { ns: `${databaseName}.dialogue_messages`, 'command.pipeline': { $exists: true } }
  const found = (await makeClient()).db('admin').aggregate([{ $currentOp: {} }, { $match: ofMessages }])
  const pipelines: mongoose.mongo.Document[][] = (await found.toArray()).map(
    ({ command: { pipeline } }) => pipeline,
  )
  return pipelines.filter((stages) => stages.some((stage) => '$merge' in stage)).length
}

test('goes on after it was killed while copying', async () => {
  const scene = await makeScene(4000)
  const { bots } = scene
  await kill(await startSlowly(scene, scene.to('rolling'), 1000))
  await release()
  const copied = await scene.copied()
  expect(copied).toBeLessThan(4000)
  expect(await scene.kind()).toBe('capped')
  await bots.turns(2)

  const status = await command(['status', '--db', scene.db.databaseName])
  const text = `A conversion to rolling is unfinished: ${copied.toLocaleString('en')} messages are copied.`
  expect(status.stdout).toContain(text)
  const second = await command([...scene.to('rolling'), '--json'])
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining('Going on after') })
  expect(JSON.parse(second.stdout)).toMatchObject({ resumed: copied })
  expect(await scene.kind()).toBe('rolling')
  await bots.turns(2)
  await bots.settle(scene.db)
})

test('an erasure leaves nothing in the copy of one that was killed', async () => {
  const { bots, db, ...scene } = await makeScene(4000)
  await kill(await startSlowly({ bots, db, ...scene }, scene.to('rolling'), 1000))
  await release()
  /* What it sent last is carried out all the same. */
  await until(async () => (await mergesOf(db)) === 0)
  const { names } = await shapeOf(db)
  const copy = db.collection(names.find((name) => name.includes('converting')) ?? '')
  const [userId] = await copy.distinct('userId')
  expect(await copy.countDocuments({ userId })).toBeGreaterThan(0)
  await bots.store.deleteUser(userId)
  expect(await copy.countDocuments({ userId })).toBe(0)
})

test('bots go on when it is killed while it keeps them waiting; what it sent last comes too late', async () => {
  const scene = await makeScene(500)
  const { bots } = scene
  const swapping = await hold({ failCommands: ['renameCollection'], blockTimeMS: 8000 }, { times: 1 })
  const first = start(scene.to('rolling'))
  await swapping()
  expect(await scene.fenced()).toBe(true)
  await kill(first)
  await bots.turns(2)
  expect(await scene.fenced()).toBe(false)
  expect(await scene.kind()).toBe('capped')

  const second = await command(scene.to('rolling'))
  expect(second.code).toBe(0)
  expect(await scene.kind()).toBe('rolling')
  await bots.turns(2)
  await bots.settle(scene.db)
})

test('bots go on, and the rest is done, when it is killed just after the swap', async () => {
  const scene = await makeScene(3000)
  const { bots, db } = scene
  const first = await startSlowly(scene, [...scene.to('rolling'), '--max-per-user', '100000'], 1000)
  /* A second stream of changes is opened behind the swap. */
  const namespace = `${db.databaseName}.$cmd.aggregate`
  await hold({ failCommands: ['aggregate'], namespace, blockTimeMS: 5000 })
  await until(async () => (await scene.kind()) === 'rolling')
  await kill(first)
  expect(await scene.fenced()).toBe(true)
  await bots.turns(2)
  expect((await bots.store.stats()).messages.retention).toEqual({ kind: 'rolling', maxPerUser: 100_000 })

  await release()
  const second = await command([...scene.to('rolling'), '--json'])
  expect(second.code).toBe(0)
  expect(await scene.meta.distinct('_id')).not.toContain('conversion')
  expect((await shapeOf(db)).names.filter((name) => name.includes('converting'))).toEqual([])
  await bots.turns(2)
  await bots.settle(db)
})
