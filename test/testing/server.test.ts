import { expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { startServer } from '../../src/testing/server.ts'

test('startServer takes the server that MONGODB_URI names, and stop() leaves it running', async () => {
  const server = await startServer()
  expect(server).toMatchObject({ uri: process.env.MONGODB_URI, members: [] })
  await server.stop()
  const client = new mongoose.mongo.MongoClient(server.uri)
  try {
    expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  } finally {
    await client.close()
  }
})

test('startServer starts one of its own when told', async () => {
  const server = await startServer({ own: true })
  expect(server.members).toHaveLength(1)
  await server.stop()
})
