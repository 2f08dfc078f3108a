import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import {
  DOCUMENT_TOO_LARGE,
  DOCUMENT_VALIDATION_FAILURE,
  toStoreError,
  withFailuresAs,
} from '../db/failure.ts'
import { type Inserted, insertUnordered, type WriteError } from '../db/insert.ts'
import { createAnswers, type Refusals } from './answer.ts'
import type { Claims } from './claims.ts'
import type { Clock } from './clock.ts'
import type { Presence } from './presence.ts'
import type { RetentionKeeper } from './retention.ts'
import { type MessageDocument, messages } from './schema.ts'
import { capOf } from './size.ts'
import type { Tidying } from './tidy.ts'
import {
  earliest,
  type Group,
  inTime,
  isContested,
  messagesOf,
  patientAmong,
  refuse,
  type Traveller,
  toGroup,
  usersOf,
} from './traveller.ts'

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  presence: Presence
  tidying: Tidying
  /** Sends travellers with external ids back, to be claimed for another flight. */
  claimAnew(travellers: Traveller[]): void
  /** Called with the stored documents, before their callers hear of it. */
  onStored(documents: MessageDocument[], deadline: Deadline): Promise<void>
  /** Is told when something was stored. */
  clock: Pick<Clock, 'passed' | 'unsure'>
}

/**
 * An insert that took longer may have outlasted an erasure: its users are checked again. An erasure waits for those
 * that took less, see `erasing.ts`.
 */
export const UNCHECKED_MS = 20

/** Sends one batch of the lane: users and messages, and tells every caller their own result. */
export function createWriter({
  database,
  retention,
  claims,
  presence,
  tidying,
  claimAnew,
  onStored,
  clock,
}: Needs) {
  const answers = createAnswers({ database, retention, claims, claimAnew })

  /** What the server refused. What a conversion's fence has refused is sent again. */
  async function insert(
    travellers: Traveller[],
    deadline: Deadline,
    wasFenced = retention.watchFences(),
  ): Promise<Sent> {
    const cap = capOf(retention.current())
    const fitting = travellers.filter(({ bytes }) => bytes <= cap)
    const { errors, place }: Inserted =
      fitting.length > 0
        ? await insertUnordered(database, messages.collection, messagesOf(fitting), deadline)
        : { errors: [], place: undefined }
    const larger = travellers.filter(({ bytes }) => bytes > cap)
    const refusals: Refusals = new Map([
      ...errors.map((error): [Traveller | undefined, WriteError] => [fitting[error.index], error]),
      ...larger.map((one): [Traveller, WriteError] => [one, { index: 0, code: DOCUMENT_TOO_LARGE }]),
    ])
    const refused = errors
      .filter(({ code }) => code === DOCUMENT_VALIDATION_FAILURE)
      .flatMap(({ index }) => fitting[index] ?? [])
    if (refused.length === 0) return { errors: refusals, place }
    const again = async () => (await wasFenced(deadline)) && insert(refused, deadline, wasFenced)
    /* Whatever fails from here, the others are stored. */
    const later = await (refused.length < fitting.length ? orUnsure(again) : again())
    if (!later) return { errors: refusals, place }
    for (const one of refused) refusals.delete(one)
    return { errors: new Map([...refusals, ...later.errors]), place: later.place ?? place }
  }

  /** The insert and, beside it, the check that its users exist: what the server refused, and who is gone. */
  async function insertChecked(travellers: Traveller[], users: Users, deadline: Deadline) {
    const elapsed = stopwatch()
    const [inserted, checked] = await Promise.allSettled([
      insert(travellers, deadline),
      presence.check(users, deadline),
    ])
    if (inserted.status === 'rejected') {
      clock.unsure()
      throw inserted.reason
    }
    const { errors, place } = inserted.value
    if (place) clock.passed(place)
    else clock.unsure()
    const late = checked.status === 'rejected' || elapsed() > UNCHECKED_MS
    const missing = await orUnsure(async () => (late ? presence.check(users, deadline) : checked.value))
    return { errors, missing }
  }

  /** Messages of users who are gone are removed by their own writer. */
  async function withdraw(travellers: Traveller[], missing: Set<string>, deadline: Deadline): Promise<void> {
    if (missing.size === 0) return
    const gone = messagesOf(travellers).filter(({ userId }) => missing.has(userId.toHexString()))
    if (gone.length > 0) await tidying.withdraw(gone, deadline)
  }

  async function store(groups: Group[], deadline: Deadline): Promise<void> {
    const users = usersOf(travellersOf(groups))
    const leaving = await orNotApplied(async () => {
      await retention.refresh(deadline)
      return withoutStrangers(groups, await presence.checkStrangers(users, deadline))
    })
    const travellers = travellersOf(leaving)
    if (travellers.length === 0) return
    const { errors, missing } = await insertChecked(travellers, users, deadline)
    await orUnsure(async () => {
      await withdraw(travellers, missing, deadline)
      const arrived = leaving.map(({ travellers: all, flight }) => toGroup(refuse(all, missing), flight))
      await onStored(messagesOf(travellersOf(arrived)), deadline)
      for (const group of arrived) if (group.flight) answers.land(group, errors, deadline)
      const unnamed = travellersOf(arrived.filter(({ flight }) => !flight))
      const contested = unnamed.filter(isContested)
      if (contested.length > 0) answers.land(toGroup(contested), errors, deadline)
      const others = contested.length > 0 ? unnamed.filter((one) => !isContested(one)) : unnamed
      await answers.tell(others, errors, deadline)
    })
  }

  /** A claim of one who is told here may be of a user who was erased meanwhile. */
  function startingInTime({ travellers }: Group): Traveller[] {
    const starting = inTime(travellers)
    if (starting.length < travellers.length) tidying.after(messagesOf(travellers), [])
    return starting
  }

  /** Those of a group who go on. On a flight, its landing would speak for the others too: they need another one. */
  function going(group: Group, travellers: Traveller[]): Group[] {
    if (travellers.length === group.travellers.length) return [group]
    if (!group.flight) return travellers.length > 0 ? [toGroup(travellers)] : []
    claimAnew(travellers)
    return []
  }

  /** Goes on with those who still have time when the earliest deadline of the batch is over. */
  async function flush(batch: Group[]): Promise<void> {
    let rest = batch.flatMap((group) => going(group, startingInTime(group)))
    while (rest.length > 0) {
      const travellers = travellersOf(rest)
      const writes: Promise<unknown>[] = []
      const onWrite = (reply: Promise<unknown>) => void writes.push(reply)
      try {
        await store(rest, { ...earliest(travellers), onWrite })
        return
      } catch (error) {
        if (toStoreError(error).outcome === 'unknown') for (const one of travellers) one.isUnsure = true
        const patient = new Set(patientAmong(travellers, error))
        /* What was sent may come after every check that anybody waits for. */
        tidying.after(messagesOf(travellers), writes)
        rest = rest.flatMap((group) =>
          going(
            group,
            group.travellers.filter((one) => patient.has(one)),
          ),
        )
      }
    }
  }

  return flush
}

interface Sent extends Pick<Inserted, 'place'> {
  errors: Refusals
}

type Users = ReturnType<typeof usersOf>

/** Those on a flight were checked before it, and go: if their user is gone by now, their claims have to go too. */
function withoutStrangers(groups: Group[], strangers: Set<string>): Group[] {
  if (strangers.size === 0) return groups
  return groups.map((group) => (group.flight ? group : toGroup(refuse(group.travellers, strangers))))
}

const travellersOf = (groups: Group[]): Traveller[] => groups.flatMap(({ travellers }) => travellers)

/** Milliseconds since, by two clocks: one of them stands still while the machine sleeps. */
function stopwatch(): () => number {
  const [start, wall] = [performance.now(), Date.now()]
  return () => Math.max(performance.now() - start, Date.now() - wall)
}

/** Whatever fails before the insert is sent, no message is stored. */
const orNotApplied = <T>(work: () => Promise<T>): Promise<T> => withFailuresAs('not-applied', work)
/** Whatever fails after the insert, messages are stored. */
const orUnsure = <T>(work: () => Promise<T>): Promise<T> => withFailuresAs('unknown', work)
