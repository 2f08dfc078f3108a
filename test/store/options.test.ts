import { inspect } from 'node:util'
import { beforeAll, describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { z } from 'zod'
import { openStore } from '../../src/index.ts'
import { testServer } from '../../src/testing/index.ts'
import { refusedPaths, rejection, untyped } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'

let uri: string
beforeAll(async () => {
  uri = (await testServer()).uri
})

describe('openStore', () => {
  test.each<[string, (uri: string) => unknown, string[]]>([
    ['nothing', () => undefined, ['']],
    ['null', () => null, ['']],
    ['text', (uri) => uri, ['']],
    ['neither uri nor connection', () => ({}), ['uri']],
    ['both of them', (uri) => ({ uri, connection: mongoose.connection }), ['uri']],
    [
      'a database’s name beside a connection',
      () => ({ connection: mongoose.connection, dbName: 'x' }),
      ['dbName'],
    ],
    ['a database’s name with a dot', (uri) => ({ uri, dbName: 'a.b' }), ['dbName']],
    ['a uri whose database has a dot', () => ({ uri: 'mongodb://127.0.0.1:1/a.b' }), ['uri']],
    ['a uri that is no text', () => ({ uri: new URL('mongodb://localhost') }), ['uri']],
    ['a uri of another protocol', () => ({ uri: 'http://localhost:27017' }), ['uri']],
    ['a connection that is none', () => ({ connection: {} }), ['connection']],
    [
      'the driver’s client in place of a connection',
      () => ({ connection: new mongoose.mongo.MongoClient('mongodb://localhost') }),
      ['connection'],
    ],
    ['an unknown option', (uri) => ({ uri, retries: 3 }), ['retries']],
    ['a prefix that begins with a digit', (uri) => ({ uri, prefix: '1_' }), ['prefix']],
    ['a prefix with a dollar', (uri) => ({ uri, prefix: 'a$' }), ['prefix']],
    ['an empty prefix', (uri) => ({ uri, prefix: '' }), ['prefix']],
    ['an unknown migrate', (uri) => ({ uri, migrate: 'maybe' }), ['migrate']],
    ['an unknown retention', (uri) => ({ uri, retention: { kind: 'forever' } }), ['retention.kind']],
    [
      'limits of the other retention',
      (uri) => ({ uri, retention: { kind: 'capped', maxPerUser: 3 } }),
      ['retention.maxPerUser'],
    ],
    [
      'a cap of nothing',
      (uri) => ({ uri, retention: { kind: 'capped', sizeBytes: 0 } }),
      ['retention.sizeBytes'],
    ],
    [
      'an age of half a second',
      (uri) => ({ uri, retention: { kind: 'rolling', maxAgeMs: 500 } }),
      ['retention.maxAgeMs'],
    ],
    ['a time of nothing', (uri) => ({ uri, timeoutMs: 0 }), ['timeoutMs']],
    ['a time that no timer takes', (uri) => ({ uri, timeoutMs: 2 ** 31 }), ['timeoutMs']],
    ['a queue of nothing', (uri) => ({ uri, maxQueuedBytes: 0 }), ['maxQueuedBytes']],
    [
      'a shape that is no schema',
      (uri) => ({ uri, shapes: { context: { type: 'object' } } }),
      ['shapes.context'],
    ],
    ['an unknown shape', (uri) => ({ uri, shapes: { user: z.object({}) } }), ['shapes.user']],
    ['a logger that is none', (uri) => ({ uri, logger: console }), ['logger']],
    ['two mistakes', (uri) => ({ uri, timeoutMs: '1s', prefix: 7 }), ['prefix', 'timeoutMs']],
  ])('refuses %s', async (_, options, paths) => {
    expect(await refusedPaths(openStore(untyped(options(uri))))).toEqual(paths)
  })

  test('says that uri and connection exclude each other', async () => {
    const both = openStore(untyped({ uri, connection: mongoose.connection }))
    expect((await rejection(both, 'INVALID_INPUT')).message).toMatch(/uri.*connection/)
    const neither = openStore(untyped({}))
    expect((await rejection(neither, 'INVALID_INPUT')).message).toMatch(/uri.*connection/)
  })

  test('takes the database of the uri, and rather the one of dbName', async () => {
    const { db, dbName } = await makeDatabase()
    const other = await makeDatabase()
    const withPath = new URL(uri)
    withPath.pathname = `/${dbName}`
    const retention = { kind: 'rolling' } as const
    await (await openStore({ uri: withPath.href, retention })).close()
    expect((await db.listCollections().toArray()).length).toBeGreaterThan(0)
    await (await openStore({ uri: withPath.href, dbName: other.dbName, retention })).close()
    expect((await other.db.listCollections().toArray()).length).toBeGreaterThan(0)
  })
})

describe('a password in the uri', () => {
  const PASSWORD = 'hunter2-CANARY'
  const host = () => new URL(uri).host
  const uris: [string, () => string, 'INVALID_INPUT' | 'UNAVAILABLE'][] = [
    ['no host', () => `mongodb://ana:${PASSWORD}@`, 'INVALID_INPUT'],
    ['a port that is no number', () => `mongodb://ana:${PASSWORD}@localhost:port/`, 'INVALID_INPUT'],
    ['a wrong escape', () => `mongodb://ana:${PASSWORD}%zz@localhost/`, 'INVALID_INPUT'],
    ['a character that should be escaped', () => `mongodb://ana:${PASSWORD}/x@localhost/`, 'INVALID_INPUT'],
    ['an unknown option', () => `mongodb://ana:${PASSWORD}@localhost/?${PASSWORD}=1`, 'INVALID_INPUT'],
    ['an option without a value', () => `mongodb://ana:${PASSWORD}@localhost/?replicaSet=`, 'INVALID_INPUT'],
    [
      'a mechanism that is unknown',
      () => `mongodb://ana:${PASSWORD}@localhost/?authMechanism=${PASSWORD}`,
      'INVALID_INPUT',
    ],
    ['a host that has no name', () => `mongodb+srv://ana:${PASSWORD}@nowhere.invalid/`, 'UNAVAILABLE'],
    ['nobody listening', () => `mongodb://ana:${PASSWORD}@127.0.0.1:1/`, 'UNAVAILABLE'],
    [
      'a server that does not know it',
      () => `mongodb://ana:${PASSWORD}@${host()}/?directConnection=true`,
      'UNAVAILABLE',
    ],
  ]

  test.each(uris)('shows nowhere in the error: %s', async (_, bad, code) => {
    const failure = await rejection(openStore({ uri: bad(), timeoutMs: 300 }), code)
    for (let error: unknown = failure; error instanceof Error; error = error.cause) {
      const shown = [
        error.message,
        error.stack,
        String(error),
        JSON.stringify(error),
        inspect(error, { depth: 9, showHidden: true }),
      ]
      expect(shown.join('\n')).not.toContain('CANARY')
    }
    expect(failure.outcome).toBe('not-applied')
    expect(failure.message).toMatch(/uri|URI/)
  })

  test('that is wrong is nothing to try again', async () => {
    const wrong = `mongodb://ana:${PASSWORD}@${host()}/?directConnection=true`
    const failure = await rejection(openStore({ uri: wrong, timeoutMs: 2000 }), 'UNAVAILABLE')
    expect(failure).toMatchObject({ retryable: false, message: expect.stringContaining('credentials') })
  })
})
