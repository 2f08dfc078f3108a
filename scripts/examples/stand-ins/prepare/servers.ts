import { startServer } from '../../../../src/testing/server.ts'
import { startCalendarServer } from '../../../calendar-server/index.ts'
import type { Defer } from '../../../lib/run.ts'
import { row } from './screen.ts'

/** A MongoDB, unless the environment names one. */
export async function prepareMongo(defer: Defer): Promise<void> {
  if (process.env.MONGODB_URI) return row('MongoDB', 'the one of MONGODB_URI')
  const { uri, stop } = await startServer()
  defer(stop)
  const address = new URL(uri)
  address.pathname = '/example'
  process.env.MONGODB_URI = address.href
  row('MongoDB', 'a replica set of one, started for this: nothing of it stays')
}

/** A Google Calendar, unless the environment has access to one. */
export async function prepareGoogle(defer: Defer): Promise<void> {
  if (process.env.GOOGLE_REFRESH_TOKEN) return row('Google', 'the calendar of GOOGLE_REFRESH_TOKEN')
  const server = await startCalendarServer()
  defer(server.stop)
  Object.assign(process.env, {
    GOOGLE_API_URL: server.url,
    ...{ GOOGLE_CLIENT_ID: 'stand-in', GOOGLE_CLIENT_SECRET: 'stand-in' },
    GOOGLE_REFRESH_TOKEN: server.account('bot@example.com').token,
  })
  row('Google', 'stood in for by a server of this machine')
}
