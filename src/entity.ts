import type { ObjectId } from './ids.ts'

type Shown<T> = T extends ObjectId ? string : T
type ShownField<T> = undefined extends T ? Shown<NonNullable<T>> | null : Shown<T>

/** A stored document as callers see it: `id` for `_id`, hex strings for ids, `null` for what was never given. */
export type Entity<Document, Hidden extends keyof Document = never> = { id: string } & {
  [Field in Exclude<keyof Document, '_id' | Hidden>]-?: ShownField<Document[Field]>
}
