import type { Internals } from '../assemble.ts'
import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { eventNotFound } from '../events/events.ts'
import type { CalendarConflict } from '../events/schema.ts'
import type { Id } from '../ids.ts'
import { id, parse } from '../input.ts'
import { observed } from '../log.ts'
import { createAccess } from './access.ts'
import { createApplying } from './apply.ts'
import { createCommon } from './common.ts'
import { toCalendarError } from './failure.ts'
import { createFeeds } from './feeds.ts'
import { createImports } from './imports.ts'
import { createLoop } from './loop.ts'
import { createMark } from './mark.ts'
import {
  type CalendarSyncOptions,
  calendarName,
  parseSyncOptions,
  type Schedule,
  schedule,
  watchOptions,
} from './options.ts'
import { createOutbox } from './outbox.ts'
import { createPublishing } from './publish.ts'
import { createPulling, type PullResult } from './pull.ts'
import { createPushing, type PushResult } from './push.ts'
import { createRemovals } from './removals.ts'
import { createResolving } from './resolve.ts'
import { type Channel, createWatching, type NotificationHeaders } from './watch.ts'

/** Events of a store that live in Google Calendar, too. */
export interface CalendarSync extends AsyncDisposable {
  /** Publishes what is due: everything that was stored, changed, cancelled or deleted, by whatever process. */
  push(): Promise<PushResult>
  /** Takes over what has changed in a calendar; without an id, in every one that is known. */
  pull(calendarId?: string): Promise<PullResult>
  /** Tries an event, or the removal of one that was deleted, again that Google has refused. @throws `EVENT_NOT_FOUND` */
  retry(eventId: Id): Promise<void>
  /** Where both sides had changed: what each was, and whose was taken; the latest five. @throws `EVENT_NOT_FOUND` */
  conflicts(eventId: Id): Promise<CalendarConflict[]>
  /** Pushes and pulls from time to time, and renews channels, until `stop()`. */
  start(schedule?: Partial<Schedule>): void
  /** Resolves when nothing is under way any more. Channels stay: another process may serve them. */
  stop(): Promise<void>
  /** Has Google tell of changes: a POST to that address, which `handleNotification` understands. */
  watch(calendarId: string, options: { address: string }): Promise<Channel>
  /** Ends that. False: nobody watched. */
  unwatch(calendarId: string): Promise<boolean>
  /** Pulls what a notification is about. @throws `INVALID_INPUT` when its token is not ours */
  handleNotification(headers: NotificationHeaders): Promise<PullResult | undefined>
}

/**
 * Creates a sync. Nothing happens until one of its verbs is called.
 * @param store as `openStore` gives it
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function createCalendarSync<S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: CalendarSyncOptions,
): CalendarSync {
  const config = parseSyncOptions(options)
  const parts = assemble(internalsIn(store), config)
  const { observer, outbox, removals, push, pull, watching, loop } = parts

  const verbs = {
    push: () => push(),
    pull: async (calendarId?: string) =>
      pull(calendarId === undefined ? undefined : parse(calendarName, calendarId, ['calendarId'])),
    async retry(eventId: Id): Promise<void> {
      const _id = parse(id, eventId, ['eventId'])
      if (!(await outbox.retry(_id)) && !(await removals.retry(_id))) throw eventNotFound()
    },
    async conflicts(eventId: Id): Promise<CalendarConflict[]> {
      const event = await outbox.find({ _id: parse(id, eventId, ['eventId']) })
      if (!event) throw eventNotFound()
      return event.calendarSync.conflicts ?? []
    },
    async watch(calendarId: string, options: { address: string }) {
      const { address } = parse(watchOptions, options, ['options'])
      return watching.watch(parse(calendarName, calendarId, ['calendarId']), address)
    },
    unwatch: async (calendarId: string) => watching.unwatch(parse(calendarName, calendarId, ['calendarId'])),
    async handleNotification(headers: NotificationHeaders): Promise<PullResult | undefined> {
      const calendarId = await watching.calendarOf(headers)
      return calendarId === undefined ? undefined : pull(calendarId)
    },
  }
  return {
    ...observed({ ...observer, prefix: 'calendar.' }, 'info', 'event', translated(verbs)),
    start: (given?: Partial<Schedule>) => loop.start(parse(schedule, given, ['schedule'])),
    stop: loop.stop,
    [Symbol.asyncDispose]: loop.stop,
  }
}

function assemble(
  { database, directory, checkEventData, observer }: Internals,
  config: ReturnType<typeof parseSyncOptions>,
) {
  const { log } = observer
  const feeds = createFeeds(database)
  const outbox = createOutbox(database)
  const removals = createRemovals(database)
  const access = createAccess({ database, config, feeds, removals })
  const common = createCommon(database, config)
  const mark = createMark(async () => (await common()).store)
  const imports = createImports(database, directory, removals)
  const resolving = createResolving({
    outbox,
    onConflict: config.onConflict,
    checkData: checkEventData,
    onMerged: ({ _id }, taken) =>
      log.info({ op: 'calendar.conflict', eventId: _id.toHexString(), taken }, 'calendar.conflict'),
  })
  const publish = createPublishing({ outbox, resolving, removals, imports, mark })
  const push = createPushing({
    outbox,
    removals,
    access,
    publish,
    mark,
    log,
    since: async () => (await common()).since,
  })
  const apply = createApplying({ outbox, resolving, removals, imports, mark, importAs: config.importAs })
  const pull = createPulling({ feeds, outbox, access, apply, log })
  const watching = createWatching({ access, feeds })
  const loop = createLoop({ push, pull, renew: watching.renew, known: common, log, closed: observer.closed })
  return { observer, outbox, removals, push, pull, watching, loop }
}

/** What Google answered, as an error of the store's kind. */
function translated<V extends { [name in keyof V]: (...args: never[]) => Promise<unknown> }>(verbs: V): V {
  const wrap =
    (verb: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      try {
        return await verb(...args)
      } catch (error) {
        throw toCalendarError(error)
      }
    }
  return Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [name, wrap(verb as never)])) as V
}
