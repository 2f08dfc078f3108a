import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { startServer, type TestServer } from '../../src/testing/server.ts'
import {
  type Child,
  eventually,
  isRunning,
  processesOf,
  runFixture,
  withDirectory,
} from './fixtures/children.ts'

const { MONGOMS_SYSTEM_BINARY } = process.env

afterEach(() => {
  if (MONGOMS_SYSTEM_BINARY === undefined) delete process.env.MONGOMS_SYSTEM_BINARY
  else process.env.MONGOMS_SYSTEM_BINARY = MONGOMS_SYSTEM_BINARY
})

async function withClient<T>(
  uri: string,
  work: (client: mongoose.mongo.MongoClient) => Promise<T>,
): Promise<T> {
  const client = new mongoose.mongo.MongoClient(uri)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const dataIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith('dialogue-store-'))

async function expectGone(server: Pick<TestServer, 'members'>): Promise<void> {
  expect(server.members.length).toBeGreaterThan(0)
  await eventually(() => server.members.every(({ pid }) => !isRunning(pid)))
  await eventually(() => server.members.every(({ directory }) => !existsSync(dirname(directory))))
}

describe('startServer', () => {
  test('takes the server of MONGODB_URI, and its stop() leaves that running', async () => {
    const server = await startServer()
    expect(server).toMatchObject({ uri: process.env.MONGODB_URI, members: [] })
    await server.stop()
    await withClient(server.uri, async (client) => {
      expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
    })
  })

  test('starts one of its own, on which transactions work, and ends it', async () => {
    const server = await startServer({ own: true })
    await withClient(server.uri, async (client) => {
      const notes = client.db('test').collection('notes')
      await client.withSession((session) =>
        session.withTransaction(() => notes.insertOne({ text: 'kept' }, { session })),
      )
      expect(await notes.countDocuments({})).toBe(1)
    })
    await server.stop()
    await server.stop()
    await expectGone(server)
  })

  test('is not misled by a system binary that does not run, and leaves the variable as it was', async () => {
    process.env.MONGOMS_SYSTEM_BINARY = '/there/is/no/mongod'
    const servers = await Promise.all([startServer({ own: true }), startServer({ own: true })])
    expect(process.env.MONGOMS_SYSTEM_BINARY).toBe('/there/is/no/mongod')
    expect(new Set(servers.map(({ uri }) => uri)).size).toBe(2)
    for (const server of servers) await server.stop()
  })

  test('with three members: two follow the primary, and take over when it is killed', async () => {
    const server = await startServer({ members: 3, electionTimeoutMs: 1000 })
    await withClient(server.uri, async (client) => {
      const admin = client.db('admin')
      const { config } = await admin.command({ replSetGetConfig: 1 })
      expect(config.settings.electionTimeoutMillis).toBe(1000)
      const { members } = await admin.command({ replSetGetStatus: 1 })
      expect(members.map(({ stateStr }: { stateStr: string }) => stateStr).sort()).toEqual([
        'PRIMARY',
        'SECONDARY',
        'SECONDARY',
      ])
      const { primary } = await admin.command({ hello: 1 })
      const killed = server.members.find(({ port }) => primary === `127.0.0.1:${port}`)
      if (!killed) throw new Error(`${primary} is none of the members`)
      process.kill(killed.pid, 'SIGKILL')
      await client
        .db('test')
        .collection('notes')
        .insertOne({ text: 'after' }, { writeConcern: { w: 'majority' } })
    })
    await server.stop()
    await expectGone(server)
  })

  test('says why, if mongod crashes', async () => {
    const child = runFixture('server.ts', ['wait'])
    await child.untilItSays(/\n/)
    const { members }: TestServer = JSON.parse(child.output.stdout)
    for (const { pid } of members) process.kill(pid, 'SIGABRT')
    await child.untilItSays(/crashed \(SIGABRT\).*Got signal/s)
    child.signal('SIGKILL')
    await expectGone({ members })
  })

  test('fails if mongod refuses its arguments, and leaves nothing', () =>
    withDirectory(async (directory) => {
      const child = runFixture('server.ts', ['wait', '--noSuchArgument'], { env: { TMPDIR: directory } })
      expect(await child.ended).toMatchObject({ code: 1 })
      expect(child.output.stderr).toContain('did not start')
      expect(await dataIn(directory)).toEqual([])
    }))
})

describe('the server ends with its parent', () => {
  const serverOf = (child: Child): TestServer => JSON.parse(child.output.stdout)

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('by %s', async (signal) => {
    const child = runFixture('server.ts', ['wait'])
    await child.untilItSays(/\n/)
    child.signal(signal)
    expect(await child.ended).toEqual({ code: null, signal })
    await expectGone(serverOf(child))
  })

  test.each([
    ['by process.exit', 'exit', 3],
    ['by having nothing more to do', 'return', 0],
  ])('%s', async (_, end, code) => {
    const child = runFixture('server.ts', [end])
    expect(await child.ended).toEqual({ code, signal: null })
    await expectGone(serverOf(child))
  })

  test('by SIGKILL while the server starts', () =>
    withDirectory(async (directory) => {
      const child = runFixture('server.ts', ['wait'], { env: { TMPDIR: directory } })
      await eventually(async () => {
        const [data = ''] = await dataIn(directory)
        return existsSync(join(directory, data, 'member0', 'mongod.lock'))
      })
      child.signal('SIGKILL')
      await child.ended
      await eventually(async () => (await processesOf(directory)).length === 0)
      expect(await dataIn(directory)).toEqual([])
    }))
})
