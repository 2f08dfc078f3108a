import type { ObjectId } from './ids.ts'

/** What verbs are about. A result has it under this name, and the log calls its id `userId`, `eventId`. */
export const ENTITIES = ['user', 'event'] as const
export type EntityName = (typeof ENTITIES)[number]

/** Fields that hold the id of the user whose something is. */
export const OWNERS = ['userId', 'creatorId'] as const
export type OwnerField = (typeof OWNERS)[number]

type Shown<T> = T extends ObjectId ? string : T
type ShownField<T> = undefined extends T ? Shown<NonNullable<T>> | null : Shown<T>

/** A stored document as callers see it: `id` for `_id`, hex strings for ids, `null` for what was never given. */
export type Entity<Document, Hidden extends keyof Document = never> = { id: string } & {
  [Field in Exclude<keyof Document, '_id' | Hidden>]-?: ShownField<Document[Field]>
}
