import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Logger } from 'pino'
import { z } from 'zod'
import { hasCode } from '../common/errors.ts'
import { type Incoming, readDelivery } from './evolution.ts'

interface Needs {
  /** What deliveries have to know: a header of theirs. */
  apiKey: string
  instance: string
  log: Logger
  /** Resolves when the message is stored. */
  receive(incoming: Incoming): Promise<void>
}

/** Text, with a lot of room around it: voice notes come as an address. */
const MOST_BYTES = 256 * 1024

/** A delivery is answered as soon as its message is stored. Who wrote it is answered later. */
export function createWebhook({ apiKey, instance, log, receive }: Needs): Hono {
  const app = new Hono()
  const limit = bodyLimit({
    maxSize: MOST_BYTES,
    onError: (c) => c.json({ error: `More than ${MOST_BYTES} bytes are no message.` }, 413),
  })

  app.use('/webhook', async (c, next) => {
    if (!isSame(c.req.header('apikey') ?? '', apiKey)) return c.json({ error: 'The apikey is wrong.' }, 401)
    return next()
  })
  app.post('/webhook', limit, async (c) => {
    const incoming = readDelivery(await c.req.json(), instance)
    if (incoming) await receive(incoming)
    return c.json({ stored: incoming !== undefined })
  })
  app.onError((error, c) => {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      return c.json({ error: 'This is no delivery of Evolution API.' }, 400)
    log.error({ err: error }, 'a delivery was not stored')
    /* What may be stored later comes again; what cannot be stored need not. */
    return c.json(
      { error: 'It could not be stored.' },
      hasCode(error, 'INVALID_INPUT', 'TOO_LARGE') ? 422 : 503,
    )
  })
  return app
}

/** Takes as long for a key that is nearly right as for one that is not. */
const isSame = (given: string, known: string): boolean => timingSafeEqual(digest(given), digest(known))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Disposing of it takes no more deliveries, and waits for those that are under way.
 * @param hostname default: all interfaces
 */
export async function listen(
  app: Hono,
  port: number,
  hostname?: string,
): Promise<AsyncDisposable & { port: number }> {
  const server = serve({ fetch: app.fetch, port, hostname })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
