import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { baseline } from '../../src/migrations/baseline.ts'
import { MIGRATIONS } from '../../src/migrations/run.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command, start, until } from './command.ts'

const ALL_APPLIED = MIGRATIONS.map(({ name }) => `applied ${name}\n`).join('')

interface MetaRow {
  _id: string
  owner?: ObjectId
  state?: string
  at?: Date
  until?: Date
}

async function makeEmpty() {
  const { db, dbName } = await makeDatabase()
  return { db, dbName, on: ['--db', dbName], meta: db.collection<MetaRow>('dialogue_meta') }
}

test('of two runners and three stores at once, one migrates and the others find it done', async () => {
  const { db, dbName, on } = await makeEmpty()
  const [one, other] = await Promise.all([
    command(['up', ...on]),
    command(['up', ...on]),
    ...[1, 2, 3].map(() => makeStore({ dbName })),
  ])
  expect([one?.code, other?.code]).toEqual([0, 0])
  const indexes = await db.collection('dialogue_messages').indexes()
  expect(indexes).toHaveLength(4)
})

test('waits for a runner that is at work, says so, and ends cleanly at Ctrl-C', async () => {
  const { on, meta } = await makeEmpty()
  const lease = { _id: 'lease', owner: new ObjectId(), until: new Date(Date.now() + 60_000) }
  await meta.insertOne(lease)
  const { child, ended, said } = start(['up', ...on])
  await until(() => said().includes('Waiting'))
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('Stopped.') })
  expect(await meta.find().toArray()).toEqual([lease])

  const { ended: patient, said: tells } = start(['up', ...on])
  await until(() => tells().includes('Waiting'))
  await meta.deleteOne({ _id: 'lease' })
  expect(await patient).toMatchObject({ code: 0, stdout: ALL_APPLIED })
  expect(await meta.findOne({ _id: 'lease' })).toBeNull()
})

test('takes over from a runner that died, whose lease is over', async () => {
  const { on, meta } = await makeEmpty()
  await meta.insertOne({ _id: 'lease', until: new Date(Date.now() - 1000) })
  expect(await command(['up', ...on])).toMatchObject({ code: 0, stdout: ALL_APPLIED })
})

test('runs an interrupted migration again', async () => {
  const { db, dbName, on, meta } = await makeEmpty()
  await makeStore({ dbName })
  /* As if it had died in the middle. */
  await meta.updateOne({ _id: `migration:${baseline.name}` }, { $set: { state: 'running' } })
  await db.collection('dialogue_events').drop()
  await db.collection('dialogue_messages').dropIndexes()

  await expect(makeStore({ dbName, migrate: 'check' })).rejects.toMatchObject({ code: 'MIGRATION_PENDING' })
  expect(JSON.parse((await command(['status', ...on, '--json'])).stdout)).toMatchObject({
    migrations: MIGRATIONS.map(({ name }) => ({
      ...{ name, state: name === baseline.name ? 'interrupted' : 'applied' },
    })),
  })
  expect(await command(['up', ...on])).toMatchObject({ code: 0, stdout: `applied ${baseline.name}\n` })
  expect(await db.collection('dialogue_messages').indexes()).toHaveLength(4)
  expect(await db.listCollections({ name: 'dialogue_events' }).toArray()).toHaveLength(1)
})

test('refuses a database that is newer than the code, and changes nothing', async () => {
  const { dbName, on, meta } = await makeEmpty()
  await (await makeStore({ dbName })).close()
  await meta.insertOne({ _id: 'migration:9999-flying-cars', state: 'applied', at: new Date() })
  const before = await meta.find().toArray()
  const commands = [['up'], ['down', '--yes'], ['status']]
  const ended = await Promise.all(commands.map((args) => command([...args, ...on, '--json'])))
  for (const { code, stdout, stderr } of ended) {
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'MIGRATION_MISMATCH' } })
    expect(stderr).toContain('9999-flying-cars')
  }
  await expect(makeStore({ dbName })).rejects.toMatchObject({ code: 'MIGRATION_MISMATCH' })
  expect(await meta.find().toArray()).toEqual(before)
})

test("refuses somebody else's collections, and leaves them as they are", async () => {
  for (const name of ['dialogue_users', 'dialogue_meta']) {
    const { db, dbName, on } = await makeEmpty()
    await db.collection<{ _id: string }>(name).insertOne({ _id: 'mine' })
    const args = name === 'dialogue_meta' ? ['down', '--yes'] : ['up']
    const { code, stderr } = await command([...args, ...on])
    expect(code).toBe(1)
    expect(stderr).toContain(`${name} exists and is not this library's`)
    await expect(makeStore({ dbName })).rejects.toMatchObject({ code: 'MIGRATION_MISMATCH' })
    expect(await db.collection(name).find().toArray()).toEqual([{ _id: 'mine' }])
    const others = (await db.listCollections().toArray()).map((one) => one.name)
    expect(others.filter((one) => one !== 'dialogue_meta' && one !== name)).toEqual([])
  }
})
