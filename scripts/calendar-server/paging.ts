import { invalidParameter } from './refusals.ts'
import type { EventResource } from './resource.ts'
import type { Tokens } from './tokens.ts'

/** An event in a list. The key says where it stands, and stays while pages are read. */
export interface Item {
  key: number[]
  event: EventResource
}

interface Asked {
  maxResults: number
  pageToken: string | undefined
  fingerprint: string
}

export interface Page {
  items: Item[]
  nextPageToken: string | undefined
  /** Of the calendar when the first page was read: later changes are for the next synchronization. */
  revision: number
}

/** @param revision of the calendar now */
export function pageOf(items: Item[], asked: Asked, tokens: Tokens, revision: number): Page {
  const from = asked.pageToken === undefined ? undefined : opened(asked.pageToken, asked.fingerprint, tokens)
  const rest = items
    .sort((a, b) => compare(a.key, b.key))
    .filter(({ key }) => !from || compare(key, from.key) > 0)
  const page = rest.slice(0, asked.maxResults)
  const last = page.at(-1)
  const first = from?.revision ?? revision
  const next = { key: last?.key, revision: first, fingerprint: asked.fingerprint }
  const nextPageToken = rest.length > page.length ? tokens.seal(next) : undefined
  return { items: page, nextPageToken, revision: first }
}

/** @throws Refusal if the token is none, or of another query */
function opened(token: string, fingerprint: string, tokens: Tokens): { key: number[]; revision: number } {
  const content = tokens.open(token)
  if (!content || content.fingerprint !== fingerprint) throw invalidParameter('pageToken')
  return { key: content.key as number[], revision: Number(content.revision) }
}

function compare(a: number[], b: number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0
    if (value !== other) return value - other
  }
  return 0
}
