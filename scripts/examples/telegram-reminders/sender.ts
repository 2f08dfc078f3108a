import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { hasCode } from '../common/errors.ts'
import { LONGEST_LEAD_MINUTES } from './remind.ts'
import type { Reminder, Store } from './shapes.ts'

interface Needs {
  store: Store
  log: Logger
  everyMs: number
  /** Sends it to who has made it. */
  tell(event: Reminder): Promise<void>
}

const MINUTE_MS = 60_000
/** After so long without the bot, it reminds nobody of what is over. */
const LATE_MS = 60 * MINUTE_MS
/** Who has claimed a reminder for longer, and has not sent it, is taken for dead. */
const CLAIM_MS = 2 * MINUTE_MS
/** How much of it is left at least when sending begins: more than Telegram is waited for. */
const SENDING_MS = MINUTE_MS
const PAGE = 200

/** Tells people of what is due, from time to time. Any number of processes may. Disposing of it ends the round first. */
export function startSender({ store, log, everyMs, tell }: Needs): AsyncDisposable {
  const stopped = new AbortController()

  async function round(): Promise<void> {
    for await (const event of eventsToCome(store)) {
      for (const minutes of event.reminders) {
        if (stopped.signal.aborted) return
        if (isDue(event, minutes)) await remind(event, minutes)
      }
    }
  }

  /**
   * Claims it, sends it, and notes that it was sent. One claim of a version succeeds, so two processes send it once. If
   * a process dies after sending and before the note, it is sent once more when the claim is over: late and twice, rather
   * than never.
   */
  async function remind(event: Reminder, minutes: number): Promise<void> {
    try {
      if (!(await claim(event, minutes))) return
      await tell(event)
      await store.updateEvent(event.id, note(event, minutes, { sentAt: new Date().toISOString() }))
    } catch (error) {
      log.error(
        { eventId: event.id, minutes, err: error },
        'a reminder was perhaps not sent, and is tried again',
      )
    }
  }

  async function claim(event: Reminder, minutes: number): Promise<boolean> {
    const end = Date.now() + CLAIM_MS
    try {
      const claim = note(event, minutes, { claimedUntil: new Date(end).toISOString() })
      await store.updateEvent(event.id, claim, { ifVersion: event.version })
      /* A claim that took long to write is left to end: somebody else may send it by then. */
      return end - Date.now() >= SENDING_MS
    } catch (error) {
      if (!hasCode(error, 'VERSION_CONFLICT', 'EVENT_NOT_FOUND')) throw error
      return false
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await round().catch((error: unknown) => log.error({ err: error }, 'this round is tried again'))
      await pause(everyMs, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }
  const running = run()

  return {
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await running
    },
  }
}

/** Everybody's, of which a reminder may be due. */
async function* eventsToCome(store: Store): AsyncGenerator<Reminder> {
  const from = new Date(Date.now() - LATE_MS)
  const to = new Date(Date.now() + LONGEST_LEAD_MINUTES * MINUTE_MS)
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['retrieveEvents']>> = await store.retrieveEvents({
      ...{ from, to, withCreator: true, limit: PAGE, cursor },
    })
    yield* page.events
    cursor = page.nextCursor
  } while (cursor)
}

function isDue(event: Reminder, minutes: number): boolean {
  const told = event.data.told?.[keyOf(event, minutes)]
  if (told?.sentAt || (told && Date.parse(told.claimedUntil) > Date.now())) return false
  return event.start.getTime() - minutes * MINUTE_MS <= Date.now()
}

/** Of one reminder: the others of the event stay as they are. */
const note = (event: Reminder, minutes: number, telling: object) => ({
  data: { told: { [keyOf(event, minutes)]: telling } },
})

const keyOf = ({ start }: Reminder, minutes: number): string => `${start.getTime()}-${minutes}`
