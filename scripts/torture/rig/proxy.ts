import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What happens to a request: it arrives, or its connection breaks before it arrives, or before its reply does. */
export type Fate = 'arrives' | 'is lost' | 'loses its reply'
/** Decides it, and may take its time. @param message the whole of it, as it is sent */
export type Judge = (command: string, message: Buffer) => Fate | Promise<Fate>

const HEADER = 16
const OP_MSG = 2013
/** What drivers do on their own. */
export const BACKGROUND = ['hello', 'ismaster', 'isMaster', 'endSessions', 'killCursors', 'saslStart', 'ping']

type IsBackground = (command: string, message: Buffer) => boolean
const isDriversOwn: IsBackground = (command) => BACKGROUND.includes(command)

/** Stands between a store and a server, and reads the names of the commands. Those in the background always arrive. */
export async function startProxy(port: number, isBackground = isDriversOwn) {
  let judge: Judge = () => 'arrives'
  let onReplyLost = () => {}
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let isReplyLost = false
    upstream.on('data', (reply) => {
      if (!isReplyLost) return void client.write(reply)
      client.destroy()
      onReplyLost()
    })
    let queue = Promise.resolve()
    forEachMessage(client, (message) => {
      queue = queue.then(async () => {
        const command = commandOf(message)
        const isJudged = command !== undefined && !isBackground(command, message)
        const fate = isJudged ? await judge(command, message) : 'arrives'
        if (fate === 'is lost') return void client.destroy()
        isReplyLost = fate === 'loses its reply'
        upstream.write(message)
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    uri: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/?directConnection=true`,
    judgeBy(next: Judge) {
      judge = next
    },
    /** Called when a command is done whose reply is lost. */
    whenReplyIsLost(next: () => void) {
      onReplyLost = next
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** The wire protocol: each message begins with its length. */
function forEachMessage(socket: Socket, work: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      work(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
  })
}

/** The first key of the command's document; undefined for a message that is no command. */
function commandOf(message: Buffer): string | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined
  /* After the flags: the kind of section, the document's length, the element's type. */
  const begin = HEADER + 4 + 1 + 4 + 1
  return message.toString('utf8', begin, message.indexOf(0, begin))
}
