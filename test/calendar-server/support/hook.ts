import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface Notification {
  state: string
  number: number
  body: string
  headers: IncomingHttpHeaders
}

/** Receives notifications. */
export async function startHook() {
  const received: Notification[] = []
  let underWay = 0
  let mostUnderWay = 0
  const server = createServer(async (request, response) => {
    underWay += 1
    mostUnderWay = Math.max(mostUnderWay, underWay)
    let body = ''
    for await (const chunk of request) body += chunk
    const { headers } = request
    const [state, number] = [headers['x-goog-resource-state'], headers['x-goog-message-number']]
    received.push({ state: String(state), number: Number(number), body, headers })
    /* What comes while this one is read is seen. */
    await pause(5)
    underWay -= 1
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    mostUnderWay: () => mostUnderWay,
    states: () => received.map(({ state }) => state),
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
