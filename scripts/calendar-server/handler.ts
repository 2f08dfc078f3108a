import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { Fate, Judge } from './faults.ts'
import { type Answer, answerOf, bodyIn, refusedWith, reply, textOf } from './http.ts'
import type { LoggedRequest } from './log.ts'
import { perform, type World } from './operations.ts'
import { createQuota, type Quota, type QuotaOptions } from './quota.ts'
import { ordered, unauthorized } from './refusals.ts'
import { type Route, routeOf } from './routes.ts'

interface Settings {
  world: World
  clock: Clock
  quota: QuotaOptions | undefined
}

interface Asked {
  request: IncomingMessage
  route: Route
  query: URLSearchParams
  path: string
  text: string
}

/** Takes requests: each meets its fate, and is done if that lets it. */
export function createHandler({ world, clock, quota: options }: Settings) {
  const requests: LoggedRequest[] = []
  const quota = createQuota(clock, options)
  const stopped = new AbortController()
  let judge: Judge = () => 'answers'

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await read(request, world)
    const account = accountOf(request, world)
    const log = (status: LoggedRequest['status']) =>
      requests.push({ kind: asked.route.kind, account: account?.email, status })
    const fate = await afterDelay(await judge({ ...judged(asked), account }), stopped.signal)
    if (fate === 'is lost' || fate === 'loses its reply') {
      if (fate === 'loses its reply') done(asked, world, quota)
      log(fate)
      response.destroy()
      return
    }
    const answer = fate === 'answers' ? done(asked, world, quota) : refusedBy(fate)
    log(answer.status)
    reply(response, answer)
  }

  return {
    requests,
    handle(request: IncomingMessage, response: ServerResponse): void {
      /* Its client, or the server, left before it was done; or a test's judge failed. */
      handle(request, response).catch(() => response.destroy())
    },
    judgeBy(next: Judge) {
      judge = next
    },
    stop: () => stopped.abort(),
  }
}

async function read(request: IncomingMessage, world: World): Promise<Asked> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '', world.url())
  return { request, route: routeOf(request.method ?? '', path), query, path, text: await textOf(request) }
}

const accountOf = ({ headers }: IncomingMessage, world: World) =>
  world.accounts.ofHeader(headers.authorization)

const judged = ({ request, route, path, text }: Asked) => ({
  ...{ method: request.method ?? '', path, kind: route.kind },
  body: jsonOrNothing(text),
})

async function afterDelay(fate: Fate, signal: AbortSignal): Promise<Exclude<Fate, { delayMs: number }>> {
  if (typeof fate === 'string' || !('delayMs' in fate)) return fate
  await pause(fate.delayMs, undefined, { signal })
  return fate.fate ?? 'answers'
}

/** The token may have expired while the request was held up. */
const done = ({ request, route, query, text }: Asked, world: World, quota: Quota): Answer =>
  answerOf(() => {
    const account = accountOf(request, world)
    if (!account) throw unauthorized()
    quota.take(account.email)
    return perform({ route, query, body: bodyIn(text), account, headers: request.headers }, world)
  })

const refusedBy = ({ status, reason, retryAfter }: { status: number; reason: string; retryAfter?: number }) =>
  refusedWith(ordered(status, reason, retryAfter))

/** A judge sees what a client sends, also what is no JSON. */
function jsonOrNothing(text: string): unknown {
  try {
    return bodyIn(text)
  } catch {
    return undefined
  }
}
