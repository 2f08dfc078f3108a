import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withVariable } from '../../../src/testing/environment.ts'
import { findMongod, memoryServer, SYSTEM_BINARY } from '../../../src/testing/mongod.ts'

export interface Running {
  uri: string
  stop(): Promise<void>
}

/** A mongod that is no member of a replica set. */
export async function startStandalone(): Promise<Running> {
  const { path, version } = await findMongod()
  const { MongoMemoryServer } = await memoryServer()
  const dbPath = await mkdtemp(join(tmpdir(), 'dialogue-store-'))
  const server = await withVariable(SYSTEM_BINARY, path, () =>
    MongoMemoryServer.create({
      binary: { systemBinary: path, version },
      instance: { dbPath, storageEngine: 'wiredTiger', args: ['--nounixsocket'] },
    }),
  )
  const stop = async () => {
    await server.stop({ doCleanup: false })
    await rm(dbPath, { recursive: true, force: true })
  }
  return { uri: server.getUri(), stop }
}

/** A port where nobody listens: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const listen = (server: ReturnType<typeof createServer>): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

const FIELD = Buffer.from('\x10maxWireVersion\0')

/** Changes the wire version that a server tells of itself, in place: BSON keeps an int32 behind the field's name. */
function withWireVersion(chunk: Buffer, wireVersion: number): Buffer {
  const patched = Buffer.from(chunk)
  for (let at = patched.indexOf(FIELD); at >= 0; at = patched.indexOf(FIELD, at + 1)) {
    patched.writeInt32LE(wireVersion, at + FIELD.length)
  }
  return patched
}

/** A real server that says that it is an older one, as far as drivers ask. */
export async function startOlder(uri: string, wireVersion: number): Promise<Running> {
  const { hostname, port } = new URL(uri)
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
    }
    client.on('data', (chunk) => server.write(chunk))
    server.on('data', (chunk) => client.write(withWireVersion(chunk, wireVersion)))
  })
  const own = await listen(proxy)
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => proxy.close(resolve))
  }
  return { uri: `mongodb://127.0.0.1:${own}/?directConnection=true`, stop }
}
