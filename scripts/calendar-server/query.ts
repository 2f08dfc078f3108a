import { badRequest, invalidParameter, notImplemented } from './refusals.ts'
import { timestampIn } from './times.ts'
import { isZone } from './zones.ts'

/** What events.list is asked for. */
export interface ListQuery {
  maxResults: number
  singleEvents: boolean
  showDeleted: boolean
  orderBy: 'startTime' | 'updated' | undefined
  timeMin: number | undefined
  timeMax: number | undefined
  updatedMin: number | undefined
  q: string | undefined
  iCalUID: string | undefined
  privateProperties: [string, string][]
  sharedProperties: [string, string][]
  timeZone: string | undefined
  pageToken: string | undefined
  syncToken: string | undefined
  /** Of everything that must be the same for the next page. */
  fingerprint: string
}

/** With a sync token they are refused. */
const NOT_WITH_SYNC_TOKEN = [
  ...['iCalUID', 'orderBy', 'privateExtendedProperty', 'q', 'sharedExtendedProperty'],
  ...['timeMin', 'timeMax', 'updatedMin'],
]
const DEFAULT_RESULTS = 250
const MOST_RESULTS = 2500

export function readListQuery(query: URLSearchParams): ListQuery {
  if (query.has('eventTypes')) throw notImplemented('eventTypes')
  const read: ListQuery = {
    ...readPaging(query),
    singleEvents: flagIn(query, 'singleEvents') ?? false,
    showDeleted: flagIn(query, 'showDeleted') ?? false,
    orderBy: orderIn(query),
    updatedMin: timestampIn(query, 'updatedMin'),
    q: query.get('q') ?? undefined,
    iCalUID: query.get('iCalUID') ?? undefined,
    privateProperties: constraintsIn(query, 'privateExtendedProperty'),
    sharedProperties: constraintsIn(query, 'sharedExtendedProperty'),
    syncToken: query.get('syncToken') ?? undefined,
  }
  if (read.orderBy === 'startTime' && !read.singleEvents) {
    throw badRequest('The requested ordering is not available for the particular query.')
  }
  checkSync(query, read)
  return read
}

function checkSync(query: URLSearchParams, { syncToken }: ListQuery): void {
  if (syncToken === undefined) return
  if (NOT_WITH_SYNC_TOKEN.some((name) => query.has(name))) {
    throw badRequest('Sync token cannot be used with other query restrictions.')
  }
  if (flagIn(query, 'showDeleted') === false) {
    throw badRequest('Sync token cannot be used with showDeleted set to false.')
  }
}

/** What events.list and events.instances have in common. */
export function readPaging(query: URLSearchParams) {
  if (query.has('maxAttendees')) throw notImplemented('maxAttendees')
  const timeMin = timestampIn(query, 'timeMin')
  const timeMax = timestampIn(query, 'timeMax')
  if (timeMin !== undefined && timeMax !== undefined && timeMax <= timeMin) {
    throw invalidParameter('timeMax', 'The specified time range is empty.')
  }
  const timeZone = query.get('timeZone') ?? undefined
  if (timeZone !== undefined && !isZone(timeZone)) throw invalidParameter('timeZone')
  const others = [...query].filter(([name]) => !['pageToken', 'maxResults'].includes(name))
  return {
    ...{ timeMin, timeMax, timeZone, maxResults: maxResultsIn(query) },
    pageToken: query.get('pageToken') ?? undefined,
    fingerprint: new URLSearchParams(others.sort(([a], [b]) => (a < b ? -1 : 1))).toString(),
  }
}

function maxResultsIn(query: URLSearchParams): number {
  const text = query.get('maxResults')
  if (text === null) return DEFAULT_RESULTS
  if (!/^[1-9]\d*$/.test(text)) throw invalidParameter('maxResults')
  return Math.min(Number(text), MOST_RESULTS)
}

export function flagIn(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (text !== 'true' && text !== 'false') throw invalidParameter(name)
  return text === 'true'
}

function orderIn(query: URLSearchParams): ListQuery['orderBy'] {
  const text = query.get('orderBy')
  if (text === null) return undefined
  if (text !== 'startTime' && text !== 'updated') throw invalidParameter('orderBy')
  return text
}

const constraintsIn = (query: URLSearchParams, name: string) =>
  query.getAll(name).map((text): [string, string] => {
    const at = text.indexOf('=')
    if (at < 1) throw invalidParameter(name)
    return [text.slice(0, at), text.slice(at + 1)]
  })
