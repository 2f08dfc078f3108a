import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** Sends notifications, each channel's in their order. */
export interface Delivery {
  /** @param channelId of the channel whose earlier ones must have been sent */
  post(channelId: string, address: string, headers: Record<string, string>): void
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  stop(): void
}

/** Nobody is told of a notification that was not taken: the API promises none either. */
export function createDelivery(): Delivery {
  const queues = new Map<string, Promise<void>>()
  const underWay = new Set<ClientRequest>()
  let isStopped = false

  function send(address: string, headers: Record<string, string>): Promise<void> {
    if (isStopped) return Promise.resolve()
    const request = address.startsWith('https:') ? requestHttps : requestHttp
    return new Promise((resolve) => {
      const sent = request(address, {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': 0 },
      })
      underWay.add(sent)
      sent.on('response', (response) => response.resume())
      sent.on('error', () => {})
      sent.on('close', () => {
        underWay.delete(sent)
        resolve()
      })
      sent.end()
    })
  }

  return {
    post(channelId, address, headers) {
      const earlier = queues.get(channelId) ?? Promise.resolve()
      queues.set(
        channelId,
        earlier.then(() => send(address, headers)),
      )
    },
    async settled() {
      let known: Promise<void>[] = []
      do {
        known = [...queues.values()]
        await Promise.all(known)
      } while ([...queues.values()].some((queue) => !known.includes(queue)))
    },
    stop() {
      isStopped = true
      for (const sent of underWay) sent.destroy()
    },
  }
}
