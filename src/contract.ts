import type { z } from 'zod'
import type { Retention, Shapes } from './config.ts'
import type { ContextRead, ContextWrite } from './contexts/contexts.ts'
import type { DialogueContext } from './contexts/schema.ts'
import type { EventPage } from './events/retrieve.ts'
import type { CalendarEvent, EventFilterInput, EventPatchInput, NewEventInput } from './events/schema.ts'
import type { ExportItem } from './export.ts'
import type { Id } from './ids.ts'
import type { JsonObject } from './json.ts'
import type { StoreOutcome } from './messages/bulk.ts'
import type { FollowedMessage, FollowOptions } from './messages/follow/follow.ts'
import type { HistoryPage } from './messages/history.ts'
import type {
  DeletionInput,
  HistoryOptions,
  IterateOptions,
  Message,
  MessageKey,
  MessagePatchInput,
  NewMessageInput,
} from './messages/schema.ts'
import type { Stats } from './stats.ts'
import type {
  ErasureReceipt,
  Identity,
  NewUserInput,
  User,
  UserDefaultsInput,
  UserFilterInput,
  UserPatchInput,
} from './users/schema.ts'

/** What a JSON field holds: what the caller's shape gives out, or any JSON object. */
type Out<S extends Shapes, F extends keyof Shapes> = S[F] extends z.ZodType ? z.output<S[F]> : JsonObject
/** What a JSON field takes: what the caller's shape takes, or any object, checked when it comes. */
type In<S extends Shapes, F extends keyof Shapes> = S[F] extends z.ZodType ? z.input<S[F]> : object
type With<T, F extends string, V> = Omit<T, F> & { [K in F]?: V }

/** What `createUser` takes. Fields, bounds and defaults of all inputs: docs/REFERENCE.md. */
export type NewUser<S extends Shapes = Shapes> = With<NewUserInput, 'data', In<S, 'userData'>>
/** What `ensureUser` takes of somebody who writes for the first time. */
export type UserDefaults<S extends Shapes = Shapes> = With<UserDefaultsInput, 'data', In<S, 'userData'>>
/** What `storeMessage` takes. */
export type NewMessage<S extends Shapes = Shapes> = With<
  NewMessageInput,
  'metadata',
  In<S, 'metadata'> | null
>
/** What `storeEvent` takes. */
export type NewEvent<S extends Shapes = Shapes> = With<NewEventInput, 'data', In<S, 'eventData'>>

type StoredUser<S extends Shapes> = User<Out<S, 'userData'>>
type StoredMessage<S extends Shapes> = Message<Out<S, 'metadata'>>
type StoredContext<S extends Shapes> = DialogueContext<Out<S, 'context'>>
type StoredEvent<S extends Shapes> = CalendarEvent<Out<S, 'eventData'>, Out<S, 'userData'>>
type ContextOutcome<S extends Shapes> = Promise<{ context: StoredContext<S>; created: boolean }>

/** Conditions of `updateUser`. */
export interface UserConditions {
  ifVersion?: number
  /** 'The user is still waiting for this'; `null`: in no state of that flow. */
  ifStates?: Record<string, string | null>
}

/** One at a time per user. */
export interface LockOptions {
  /** How long to wait for others, in ms. Default: the store's `timeoutMs`. */
  waitMs?: number
  /** After how long a crashed holder loses the lock, in ms. Default 30,000; renewed while work runs. */
  leaseMs?: number
}

/**
 * A store of conversations. Every verb rejects with a `DialogueStoreError`, except for what the caller's own
 * callbacks throw; a user who doesn't exist, or was deleted, is `USER_NOT_FOUND`.
 */
export interface DialogueStore<S extends Shapes = Shapes> extends AsyncDisposable {
  /** Waits for accepted writes, then closes; a borrowed connection stays open. A repeat waits for the first. */
  close(): Promise<void>
  ping(): Promise<{ ok: true; version: string; topology: 'replicaSet' | 'sharded' }>
  stats(): Promise<Stats>

  /** Stores a user. The same `id` stores once. @throws `IDENTITY_TAKEN` */
  createUser(input: NewUser<S>): Promise<StoredUser<S>>
  getUser(userId: Id): Promise<StoredUser<S>>
  findUser(identity: Identity): Promise<StoredUser<S> | null>
  /** The user of that identity, created when this is their first message. Safe under concurrent first messages. */
  ensureUser(
    identity: Identity,
    defaults?: UserDefaults<S>,
  ): Promise<{ user: StoredUser<S>; created: boolean }>
  /**
   * Runs work while nobody else works for that user, over all processes. Not reentrant.
   * @throws `USER_LOCKED` after `waitMs`
   */
  withUserLock<T>(userId: Id, work: () => Promise<T>, options?: LockOptions): Promise<T>
  /**
   * One atomic write: states and data are merged (RFC 7396), `undefined` leaves, `null` clears. A function gets
   * the user as stored, and runs again when somebody else was faster.
   * @throws `VERSION_CONFLICT`, `STATE_CONFLICT`, `IDENTITY_TAKEN`
   */
  updateUser(
    userId: Id,
    patch: UserPatchInput | ((user: StoredUser<S>) => UserPatchInput | Promise<UserPatchInput>),
    options?: UserConditions,
  ): Promise<StoredUser<S>>
  /** Erases everything of a user. A repeat gives the same receipt. */
  deleteUser(userId: Id): Promise<ErasureReceipt>
  /**
   * 50 users, or `limit`, up to 1,000; `cursor: nextCursor` gives the next ones, until it is null. `email` is compared
   * exactly, upper and lower case told apart.
   */
  listUsers(options?: UserFilterInput): Promise<{ users: StoredUser<S>[]; nextCursor: string | null }>
  iterateUsers(options?: UserFilterInput): AsyncIterable<StoredUser<S>>
  /** Everything the store holds of a user, memory flat in the length of the history. */
  exportUser(
    userId: Id,
  ): AsyncIterable<ExportItem<StoredUser<S>, StoredContext<S>, StoredEvent<S>, StoredMessage<S>>>

  /**
   * `content` may be empty for `voice`, or with `metadata`. `created: false` comes with the first message, or, if
   * that was deleted or evicted since, with what was given now under the first one's id, which is not stored.
   * @throws `OVERLOADED` when more than `maxQueuedBytes` wait; `TOO_LARGE`
   */
  storeMessage(input: NewMessage<S>): Promise<{ message: StoredMessage<S>; created: boolean }>
  /** Each message has an outcome of its own, in the order of input. Waits where `storeMessage` is refused. */
  storeMessages(inputs: readonly NewMessage<S>[]): Promise<StoreOutcome<Out<S, 'metadata'>>[]>
  /**
   * A page of a history, in chronological order: the newest, or before or after a cursor, not both. `limit`: 50, up to
   * 1,000. `count` looks at 10,000 messages at most, unless it is `'exact'`.
   */
  retrieveHistory(userId: Id, options?: HistoryOptions): Promise<HistoryPage<Out<S, 'metadata'>>>
  /** All of a history, oldest first, memory flat. */
  iterateHistory(userId: Id, options?: IterateOptions): AsyncIterable<StoredMessage<S>>
  /**
   * Messages as they are stored, by whatever process: each once, as it was then, from now on, or on from a page's
   * `live` or an item's `resume`. Changes and deletions are not followed. It waits for more until it is left, or
   * `signal` is aborted, which ends it quietly. Of a user who is erased meanwhile nothing more comes.
   * @throws `USER_NOT_FOUND`; `CURSOR_GONE` for a place that the server no longer knows; `UNAVAILABLE`, `TIMEOUT`
   *   when the server is away for longer than `timeoutMs`: go on from the last `resume`; `STORE_CLOSED`, also while it
   *   waits, when the store is closed before `signal` is aborted
   */
  followMessages(options?: FollowOptions): AsyncIterable<FollowedMessage<Out<S, 'metadata'>>>
  /** @throws `MESSAGE_NOT_FOUND` */
  getMessage(userId: Id, key: MessageKey): Promise<StoredMessage<S>>
  /** Changes a message; its place in the history stays. `metadata` and `audio` are replaced. @throws `MESSAGE_NOT_FOUND`, `VERSION_CONFLICT` */
  updateMessage(
    userId: Id,
    messageId: Id,
    patch: With<MessagePatchInput, 'metadata', In<S, 'metadata'> | null>,
    options?: { ifVersion?: number },
  ): Promise<StoredMessage<S>>
  /** How many were deleted. */
  deleteMessages(userId: Id, filter: DeletionInput): Promise<number>

  /** Replaces the context. `ifVersion: 0`: 'there is none now'. @throws `VERSION_CONFLICT` */
  storeContext(userId: Id, data: In<S, 'context'>, options?: ContextWrite): ContextOutcome<S>
  /** JSON Merge Patch, RFC 7396. */
  mergeContext(userId: Id, patch: object, options?: ContextWrite): ContextOutcome<S>
  /**
   * Read, change, compare-and-swap; runs again when somebody else was faster. Where nothing is stored, `data` is `{}`,
   * whatever the type of a shape says.
   */
  updateContext(
    userId: Id,
    change: (data: Out<S, 'context'>) => In<S, 'context'> | Promise<In<S, 'context'>>,
    options?: ContextWrite,
  ): ContextOutcome<S>
  /** `data` is `{}` where nothing is stored. `pending` counts to 1,000. */
  retrieveContext(userId: Id, options?: ContextRead): Promise<StoredContext<S>>
  /** Empties the context. False: there was none. */
  deleteContext(userId: Id): Promise<boolean>

  /** The same `id`, or the creator's same `externalId`, stores once. Without `end`: an hour, `allDay` one day. */
  storeEvent(input: NewEvent<S>): Promise<{ event: StoredEvent<S>; created: boolean }>
  /** @throws `EVENT_NOT_FOUND` */
  getEvent(eventId: Id, options?: { withCreator?: boolean }): Promise<StoredEvent<S>>
  /**
   * `data` is merged, arrays are replaced. `end` stays where it is when `start` moves: give both.
   * @throws `EVENT_NOT_FOUND`, `VERSION_CONFLICT`
   */
  updateEvent(eventId: Id, patch: EventPatchInput, options?: { ifVersion?: number }): Promise<StoredEvent<S>>
  /** Kept, with status `cancelled`, which no verb takes back. @throws `EVENT_NOT_FOUND` */
  cancelEvent(eventId: Id): Promise<StoredEvent<S>>
  /** False: there was none. */
  deleteEvent(eventId: Id): Promise<boolean>
  /**
   * What overlaps [from, to), of one creator or of all, by start: those `confirmed`, unless `status` says otherwise.
   * Recurrences are not expanded. `cursor: nextCursor` gives the next page, until it is null.
   */
  retrieveEvents(filter?: EventFilterInput): Promise<EventPage<Out<S, 'eventData'>, Out<S, 'userData'>>>

  /**
   * All of it happens, or none of it, whatever the instant of a crash; once committed, every reader sees all of it.
   * `work` runs again when the server asks for it, so it must change nothing outside of `tx`. What it throws
   * comes back as it was. A write of `store` inside `work` is no part of it, and on a user or an event that `tx`
   * has named it is refused, since it would wait for itself.
   */
  withTransaction<T>(work: (tx: StoreTransaction<S>) => Promise<T>): Promise<T>
}

/**
 * The verbs inside `withTransaction`, one after the other. After an error from the server the transaction is over,
 * and that first error decides, even if it is caught. Used after its end: `TRANSACTION_CLOSED`.
 */
export type StoreTransaction<S extends Shapes = Shapes> = Pick<
  DialogueStore<S>,
  | 'createUser'
  | 'getUser'
  | 'findUser'
  | 'ensureUser'
  | 'updateUser'
  | 'storeContext'
  | 'mergeContext'
  | 'updateContext'
  | 'retrieveContext'
  | 'deleteContext'
  | 'storeEvent'
  | 'getEvent'
  | 'updateEvent'
  | 'cancelEvent'
  | 'deleteEvent'
  | 'storeMessage'
  | 'getMessage'
  | 'updateMessage'
  | 'deleteMessages'
> & {
  /** A message that is rejected throws: all of them are stored, or none. */
  storeMessages(inputs: readonly NewMessage<S>[]): Promise<StoreOutcome<Out<S, 'metadata'>>[]>
}

export type { Retention }
