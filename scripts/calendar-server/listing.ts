import type { Calendar } from './calendar.ts'
import { expanded, keyOf } from './expansion.ts'
import { isSeries, untilOf } from './instances.ts'
import { isSeriesWithin, isWithin, matchesFilters } from './matching.ts'
import { type Item, pageOf } from './paging.ts'
import { flagIn, type ListQuery, readListQuery, readPaging } from './query.ts'
import { badRequest, invalid, needsFullSync, updatedMinTooLongAgo } from './refusals.ts'
import type { EventBody, EventResource } from './resource.ts'
import { isOfLiveSeries, shown, tombstone } from './showing.ts'
import { millisOf, timestampIn } from './times.ts'
import type { Tokens } from './tokens.ts'

export interface Listing {
  tokens: Tokens
  now(): number
  /** How long a sync token is good, and how far back updatedMin may go. */
  syncTokenLivesMs: number
}

export function listEvents(calendar: Calendar, params: URLSearchParams, listing: Listing) {
  const query = readListQuery(params)
  const since = query.syncToken === undefined ? undefined : sinceOf(query.syncToken, calendar, query, listing)
  const { updatedMin } = query
  if (updatedMin !== undefined && updatedMin < listing.now() - listing.syncTokenLivesMs) {
    throw updatedMinTooLongAgo()
  }
  const items = itemsOf(calendar, query, since, listing.now())
  const page = pageOf(items, query, listing.tokens, calendar.revision())
  const isBare = ({ status }: EventResource) =>
    status === 'cancelled' && !(query.showDeleted && since === undefined)
  return {
    ...{ kind: 'calendar#events', summary: calendar.summary, timeZone: query.timeZone ?? calendar.timeZone },
    ...{
      etag: `"${calendar.revision()}"`,
      updated: new Date(listing.now()).toISOString(),
      defaultReminders: [],
    },
    items: page.items.map(
      ({ event }): EventBody => (isBare(event) ? tombstone(event, calendar) : shown(event, query.timeZone)),
    ),
    ...(page.nextPageToken
      ? { nextPageToken: page.nextPageToken }
      : syncTokenAfter(page.revision, calendar, query, listing)),
  }
}

/**
 * The revision that the token stands for. timeMin and timeMax of the first request bind the later ones at Google: here
 * these tell of all changes, which is more.
 */
function sinceOf(token: string, calendar: Calendar, query: ListQuery, listing: Listing): number {
  const content = listing.tokens.open(token)
  const isOld = Number(content?.at) + listing.syncTokenLivesMs < listing.now()
  const isOfCalendar = content?.calendar === calendar.id && content.generation === calendar.generation()
  if (!content || isOld || !isOfCalendar) throw needsFullSync()
  if (content.singleEvents !== query.singleEvents) {
    throw badRequest('Sync token cannot be used with another singleEvents than at first.')
  }
  return Number(content.revision)
}

/** After a search there is none: what follows it could not be kept apart from what it left out. */
function syncTokenAfter(revision: number, calendar: Calendar, query: ListQuery, listing: Listing) {
  const { orderBy, q, iCalUID, updatedMin, privateProperties, sharedProperties, singleEvents } = query
  const isSearch = [orderBy, q, iCalUID, updatedMin].some((value) => value !== undefined)
  if (isSearch || privateProperties.length + sharedProperties.length > 0) return {}
  const content = { calendar: calendar.id, generation: calendar.generation(), revision, singleEvents }
  return { nextSyncToken: listing.tokens.seal({ ...content, at: listing.now() }) }
}

function itemsOf(calendar: Calendar, query: ListQuery, since: number | undefined, now: number): Item[] {
  const until = untilOf(query.timeMax, Math.max(now, query.timeMin ?? 0))
  const changed = calendar.entries().filter(({ revision }) => since === undefined || revision > since)
  const matching = changed.filter(({ resource }) => matchesFilters(resource, query))
  const items = query.singleEvents
    ? expanded(calendar, matching, until, since)
    : matching.map((entry): Item => ({ key: keyOf(calendar, entry), event: entry.resource }))
  return items
    .filter(
      ({ event }) =>
        since !== undefined || event.status !== 'cancelled' || showsDeleted(event, calendar, query),
    )
    .filter(({ event }) => isSeriesWithin(event, query, calendar.timeZone, until))
    .map((item) => ({ ...item, key: [...orderOf(item, query), ...item.key, isSeries(item.event) ? 0 : 1] }))
}

/** Of an instance that is cancelled a client learns also without asking, else the rule would tell it otherwise. */
const showsDeleted = (event: EventResource, calendar: Calendar, query: ListQuery): boolean =>
  query.showDeleted ||
  query.updatedMin !== undefined ||
  (!query.singleEvents && isOfLiveSeries(event, calendar))

function orderOf({ event }: Item, { orderBy }: ListQuery): number[] {
  if (!orderBy) return []
  return [orderBy === 'updated' ? Date.parse(event.updated) : millisOf(event.start)]
}

export function listInstances(calendar: Calendar, id: string, params: URLSearchParams, listing: Listing) {
  const query = readPaging(params)
  const series = calendar.find(id)
  const entry = calendar.stored(id)
  if (!entry || !isSeries(series)) throw invalid('The event is not recurring.')
  const original = timestampIn(params, 'originalStart')
  const until = untilOf(query.timeMax, Math.max(listing.now(), query.timeMin ?? 0))
  const exceptions = calendar.entries().filter(({ resource }) => resource.recurringEventId === id)
  const items = expanded(calendar, [entry, ...exceptions], until)
    .filter(({ event }) => event.status !== 'cancelled' || flagIn(params, 'showDeleted'))
    .filter(({ event }) => isWithin(event, query, calendar.timeZone))
    .filter(({ event }) => original === undefined || millisOf(event.originalStartTime ?? {}) === original)
  const page = pageOf(items, query, listing.tokens, calendar.revision())
  return {
    ...{ kind: 'calendar#events', summary: calendar.summary, timeZone: query.timeZone ?? calendar.timeZone },
    items: page.items.map(({ event }) => shown(event, query.timeZone)),
    nextPageToken: page.nextPageToken,
  }
}
