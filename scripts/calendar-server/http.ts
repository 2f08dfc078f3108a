import type { IncomingMessage, ServerResponse } from 'node:http'
import { badRequest, errorBody, ordered, type Refusal, refusalOf } from './refusals.ts'

export interface Answer {
  status: number
  body?: object
  headers?: Record<string, string>
}

const MOST_BYTES = 1_048_576

/** @throws Error if the connection breaks */
export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** undefined if there is none. @throws Refusal if it is no JSON */
export function bodyIn(text: string): unknown {
  if (!text) return undefined
  if (Buffer.byteLength(text) > MOST_BYTES) throw badRequest('The request body is too large.')
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('Parse Error')
  }
}

/** What the work answers, or why it is refused. A mistake of the stand-in is answered too, and says what it is. */
export function answerOf(work: () => Answer): Answer {
  try {
    return work()
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal) return refusedWith(refusal)
    const { body, ...rest } = refusedWith(ordered(500, 'backendError'))
    return { ...rest, body: { ...body, standIn: error instanceof Error ? error.stack : String(error) } }
  }
}

export const refusedWith = (refusal: Refusal): Answer => ({
  status: refusal.status,
  body: errorBody(refusal),
  ...(refusal.retryAfter !== undefined && { headers: { 'retry-after': String(refusal.retryAfter) } }),
})

export function reply(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, {
    ...(text && { 'content-type': 'application/json; charset=UTF-8' }),
    ...headers,
  })
  response.end(text)
}
