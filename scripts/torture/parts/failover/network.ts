import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { createLine, type Line, type Party, type Trouble } from './line.ts'

export interface Network {
  /** Where each member is reached. */
  ports: number[]
  /** Who can talk to whom, from now on, only in some way. */
  trouble(between: (from: Party, to: number) => boolean, trouble: Trouble): void
  /** What is new goes through from now on. What was lost is lost. */
  heal(): void
  close(): Promise<void>
}

/**
 * What lies between the members of a set, and between them and a bot: a gate before each member. The set's
 * configuration has to name the gates, so the members talk to each other through them, too.
 * @param members their own ports
 */
export async function startNetwork(members: number[]): Promise<Network> {
  const lines = new Set<Line>()
  let current: { between: (from: Party, to: number) => boolean; trouble: Trouble } | undefined
  const troubleOf = ({ from, to }: Pick<Line, 'from' | 'to'>) =>
    current?.between(from, to) ? current.trouble : undefined
  const tellAll = () => {
    for (const line of lines) line.meet(troubleOf(line))
  }

  /** Everybody may come to the gate: who it is, they say. */
  function admit(near: Socket, to: number): void {
    near.on('error', () => {})
    near.once('data', (greeting) => {
      const far = dial(members[to] ?? 0, '127.0.0.1')
      const line = createLine(near, far, { from: partyOf(greeting, members), to })
      lines.add(line)
      line.onEnd(() => lines.delete(line))
      line.meet(troubleOf(line))
      near.emit('data', greeting)
    })
  }

  const gates = await Promise.all(members.map((_, to) => openGate((near) => admit(near, to))))
  return {
    ports: gates.map((gate) => (gate.address() as AddressInfo).port),
    trouble(between, trouble) {
      current = { between, trouble }
      tellAll()
    },
    heal() {
      current = undefined
      tellAll()
    },
    async close() {
      for (const line of lines) line.cut()
      for (const gate of gates) gate.close()
    },
  }
}

async function openGate(admit: (near: Socket) => void): Promise<Server> {
  const gate = createServer(admit)
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  return gate
}

const HOST_INFO = Buffer.from('hostInfo\0')
const LENGTH_BYTES = 4

/** With test commands enabled, members greet each other with their own host and port. MongoDB's mongobridge goes by it. */
function partyOf(greeting: Buffer, members: number[]): Party {
  const at = greeting.indexOf(HOST_INFO)
  if (at < 0) return 'bot'
  const begin = at + HOST_INFO.length + LENGTH_BYTES
  const host = greeting.toString('utf8', begin, greeting.indexOf(0, begin))
  const member = members.indexOf(Number(host.split(':').at(-1)))
  return member < 0 ? 'bot' : member
}
