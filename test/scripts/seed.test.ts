import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { makeDatabase } from '../support/store.ts'
import { CONTROL, NOWHERE, runScript, startScript } from './command.ts'

type Documents = Record<string, mongoose.mongo.Document[]>

/** Everything that a database holds but bookkeeping, by collection. */
async function readAll(db: mongoose.mongo.Db): Promise<Documents> {
  const names = ['users', 'messages', 'contexts', 'events', 'seen']
  const read = names.map(async (name) => [
    name,
    await db.collection(`dialogue_${name}`).find().sort({ _id: 1 }).toArray(),
  ])
  return Object.fromEntries(await Promise.all(read))
}

/** Without what two runs cannot have in common: when they ran, and the ids of operations. */
function comparable({ seen, contexts, ...documents }: Documents): Documents {
  const stripped = Object.entries(documents).map(([name, all]) => [
    name,
    all.map(({ createdAt, updatedAt, op, ops, touches, ...rest }) => rest),
  ])
  const data = contexts?.map(({ userId, data, covers, version }) => ({ userId, data, covers, version }))
  return {
    ...Object.fromEntries(stripped),
    contexts: data?.sort((a, b) => (String(a.userId) < String(b.userId) ? -1 : 1)),
  }
}

const GENERATED = ['--source', 'generated', '--users', '30', '--messages', '1500']

async function seed(args: string[], env?: NodeJS.ProcessEnv) {
  const outcome = await runScript('seed', args, env)
  expect(outcome).toMatchObject({ code: 0 })
  return outcome
}

describe('npm run seed', () => {
  describe('with generated conversations', () => {
    let dbName: string
    let db: mongoose.mongo.Db
    let stdout: string
    let stderr: string
    let documents: Documents

    beforeAll(async () => {
      ;({ db, dbName } = await makeDatabase())
      ;({ stdout, stderr } = await seed(['--db', dbName, ...GENERATED]))
      documents = await readAll(db)
    })

    test('stores as much as was asked for, of everything', () => {
      const counts = Object.entries(documents).map(([name, all]) => [name, all.length])
      expect(Object.fromEntries(counts)).toMatchObject({
        users: 30,
        messages: 1500,
        contexts: 30,
        events: 16,
      })
      expect(documents.contexts?.filter(({ data }) => data)).toHaveLength(10)
      const owners = new Set(documents.messages?.map(({ userId }) => String(userId)))
      expect(owners).toEqual(new Set(documents.users?.map(({ _id }) => String(_id))))
      const unregistered =
        documents.users?.filter(({ states }) => states.registration === 'waiting_for_email') ?? []
      expect(unregistered.length).toBeGreaterThan(0)
      expect(documents.users?.filter(({ email }) => !email)).toEqual(unregistered)
    })

    test('tells what it did, without control characters in a pipe', () => {
      expect(stdout).toMatch(
        /created +were there\nusers +30 +0\nmessages +1,500 +0\ncontexts +10 +0\nevents +16 +0\n/,
      )
      expect(stdout).toMatch(/1,500 messages in \d+\.\d s: [\d,]+ a second\./)
      expect(stdout).toContain('The database holds 1,500 messages; its 1,024 MiB for them are 0 % full.')
      expect(stderr).toMatch(/^Messages: 1,500 of 1,500 messages, [\d,]+\/s/m)
      expect(stdout + stderr).not.toMatch(CONTROL)
    })

    test('refuses to run again, and changes nothing when it is told to', async () => {
      const refused = await runScript('seed', ['--db', dbName, ...GENERATED])
      expect(refused).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^seed: The database .* is not empty: .*--into-nonempty.*\n$/),
      })
      const { stdout: again } = await seed(['--db', dbName, ...GENERATED, '--into-nonempty'])
      expect(again).toMatch(/users +0 +30\nmessages +0 +1,500\ncontexts +0 +10\nevents +0 +16\n/)
      expect(await readAll(db)).toEqual(documents)
    })

    test('gives the same documents for the same random seed, and others for another', async () => {
      const [same, other] = [await makeDatabase(), await makeDatabase()]
      await seed(['--db', same.dbName, ...GENERATED, '--random-seed', '1'])
      expect(comparable(await readAll(same.db))).toEqual(comparable(documents))
      await seed(['--db', other.dbName, ...GENERATED, '--random-seed', '2'])
      const idsOf = (all: Documents) =>
        Object.values(all)
          .flat()
          .map(({ _id }) => String(_id))
      const ids = new Set(idsOf(documents))
      expect(idsOf(await readAll(other.db)).filter((id) => ids.has(id))).toEqual([])
    })
  })

  test('goes on where it was interrupted', async () => {
    const { db, dbName } = await makeDatabase()
    const args = ['--db', dbName, '--source', 'generated', '--users', '30', '--messages', '20000']
    const { child, ended, says } = startScript('seed', args)
    await says('Messages: 20,000 messages')
    child.kill('SIGINT')
    expect(await ended).toEqual({
      code: 130,
      stdout: '',
      stderr: expect.stringMatching(/ in all\nseed: interrupted\n$/),
    })
    const { stdout } = await seed([...args, '--into-nonempty', '--json'])
    const { users, messages } = JSON.parse(stdout)
    expect(users).toEqual({ created: 0, present: 30 })
    expect(messages.created).toBeGreaterThan(0)
    expect(messages.created + messages.present).toBe(20_000)
    expect(await db.collection('dialogue_messages').countDocuments()).toBe(20_000)
  })

  test('tells real conversations, each by one user and the assistant, at the times of the dataset', async () => {
    const { db, dbName } = await makeDatabase()
    await seed(['--db', dbName, '--users', '20', '--messages', '3000'])
    const { messages = [] } = await readAll(db)
    expect(messages).toHaveLength(3000)
    expect(messages.filter(({ timestamp }) => timestamp.getFullYear() !== 2018)).toEqual([])
    expect(new Set(messages.map(({ sender }) => sender))).toEqual(new Set(['user', 'assistant']))
    const owners = new Map<string, Set<string>>()
    for (const { conversationId, userId } of messages) {
      owners.set(conversationId, (owners.get(conversationId) ?? new Set()).add(String(userId)))
    }
    expect([...owners.values()].filter(({ size }) => size !== 1)).toEqual([])
    expect(new Set(messages.map(({ userId }) => String(userId))).size).toBe(20)
    const voice = messages.filter(({ type }) => type === 'voice')
    expect(voice.length).toBeGreaterThan(30)
    expect(voice.filter(({ sender, audio }) => sender !== 'user' || !audio.uri)).toEqual([])
  })

  test("changes nothing in the second run, also if a small collection has dropped most of the first one's messages", async () => {
    const { db, dbName } = await makeDatabase()
    const args = ['--db', dbName, ...GENERATED, '--size-bytes', '65536']
    await seed(args)
    const documents = await readAll(db)
    expect(documents.messages?.length).toBeLessThan(1000)
    const { stdout } = await seed([...args, '--into-nonempty', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      messages: { created: 0, present: 1500 },
      stats: { messages: { capBytes: 65536 } },
    })
    expect(await readAll(db)).toEqual(documents)
  })

  test('leaves a database alone that holds something else, and adds to it when told', async () => {
    const { db, dbName } = await makeDatabase()
    await db.collection<{ _id: string }>('orders').insertOne({ _id: 'mine' })
    const { code, stderr } = await runScript('seed', ['--db', dbName, ...GENERATED])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('orders holds something') })
    const names = async () =>
      (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
    expect(await names()).toEqual(['orders'])

    await seed([
      '--db',
      dbName,
      ...GENERATED,
      '--into-nonempty',
      '--prefix',
      'bot_',
      '--retention',
      'rolling',
    ])
    expect(await db.collection('orders').find().toArray()).toEqual([{ _id: 'mine' }])
    expect(await db.collection('bot_messages').countDocuments()).toBe(1500)
    expect(await names()).not.toContain('dialogue_messages')
    const [collection] = await db.listCollections({ name: 'bot_messages' }).toArray()
    expect(collection).toMatchObject({ options: expect.not.objectContaining({ capped: true }) })
  })

  test('says in one sentence that the server is out of reach, without the password', async () => {
    const { code, stdout, stderr } = await runScript('seed', GENERATED, { MONGODB_URI: NOWHERE })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^seed: MongoDB at 127\.0\.0\.1:1 does not answer within 5 s\. .*\n$/)
  })

  test.each([
    { args: [], says: 'Give --uri, or set MONGODB_URI' },
    {
      args: ['--uri', 'mongodb://host', '--retention', 'rolling', '--size-bytes', '65536'],
      says: '--size-bytes is for capped',
    },
    { args: ['--users', '0'], says: 'must be a whole number from 1' },
  ])('refuses $args', async ({ args, says }) => {
    const { code, stderr } = await runScript('seed', args, { MONGODB_URI: '' })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) })
  })

  test('explains itself', async () => {
    const { code, stdout } = await runScript('seed', ['--help'], { MONGODB_URI: NOWHERE })
    expect(code).toBe(0)
    expect(stdout).not.toContain('s3cret')
    for (const option of [
      'uri',
      'db',
      'prefix',
      'source',
      'users',
      'messages',
      'random-seed',
      'retention',
      'size-bytes',
      'into-nonempty',
    ])
      expect(stdout).toContain(`--${option}`)
  })
})
