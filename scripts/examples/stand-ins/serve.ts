import { once } from 'node:events'
import { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve as serveHono } from '@hono/node-server'
import type { Hono } from 'hono'

export interface Served {
  url: string
  close(): Promise<void>
}

/** On a free port of this machine. Closing it waits for nobody. */
export async function serve(app: Hono): Promise<Served> {
  const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      if (server instanceof Server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
