import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import type { Entity } from '../entity.ts'
import { counter, date, id, json, text } from '../input.ts'
import { isPlainObject, type JsonObject } from '../json.ts'

/* Node 22 takes offsets such as +03:00 too, which are no names of IANA's. */
const isTimezone = (name: string): boolean => {
  try {
    return /^[A-Za-z]/.test(name) && Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

const isLocale = (tag: string): boolean => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

/** IANA's name of a time zone: `America/Sao_Paulo`. */
export const timezone = text(64).refine(isTimezone, 'is not an IANA time zone')
/** BCP 47: `pt-BR`. */
const locale = text(64).refine(isLocale, 'is not a BCP 47 language tag')

/** How the bot reaches somebody: `{ provider: 'whatsapp', id: '+5511…' }`. */
export const identity = z.strictObject({ provider: text(60), id: text(200) })
export type Identity = z.infer<typeof identity>

export const MAX_IDENTITIES = 50
const identities = z.array(identity).max(MAX_IDENTITIES)

/** A flow's name is part of queries and a key of BSON, so it has nothing that means something there. */
const flow = z
  .string()
  .regex(
    /^(?!(?:__proto__|_bsontype)$)[^.$\0][^.\0]{0,99}$/,
    'a flow is named by 1–100 characters without "." or NUL, not beginning with "$", and not by _bsontype',
  )
  .refine((name) => name.isWellFormed(), 'has a lone surrogate, which UTF-8 cannot say')
const MAX_FLOWS = 50
const state = text(200)
const NO_PROTO = 'a flow cannot be named __proto__'

/** `undefined` counts as absent; zod's records would drop an own `__proto__` in silence. */
const flows = <V extends z.ZodType<string | null | undefined>>(value: V) =>
  z
    .custom<Record<string, z.input<V> | undefined>>(
      (given) => !Object.hasOwn(Object(given), '__proto__'),
      NO_PROTO,
    )
    .transform(withoutUndefined)
    .pipe(
      z
        .record(flow, value)
        .refine((all) => Object.keys(all).length <= MAX_FLOWS, `names more than ${MAX_FLOWS} flows`),
    )

/** A promise would be taken for a transform that takes its time. */
const withoutUndefined = (given: unknown): unknown =>
  isPlainObject(given) ? dropUndefined(given) : given instanceof Promise ? null : given

const dropUndefined = (given: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))

export const states = flows(state)
const statesPatch = flows(state.nullable())
/** An `undefined` that counted as absent would drop the condition, and let a second "yes" pass. */
const expectedStates = z
  .custom<Record<string, string | null>>(
    (given) =>
      !Object.hasOwn(Object(given), '__proto__') && !Object.values(Object(given)).includes(undefined),
    'names a flow without its state: give null for none',
  )
  .pipe(z.record(flow, state.nullable()))

const fields = {
  name: text(200),
  email: z.email('is not an e-mail address').max(320),
  locale,
  timezone,
}

/** What is stored of a user. */
export const userDocument = z.strictObject({
  _id: id,
  identities: identities.min(1).optional(),
  name: fields.name.optional(),
  email: fields.email.optional(),
  locale: fields.locale.optional(),
  timezone: fields.timezone.optional(),
  states,
  data: json,
  version: counter,
  createdAt: date,
  updatedAt: date,
  /** The last writes' operation ids: a write that was sent twice finds its own. */
  ops: z.array(id).max(8).optional(),
  /** Raised by transactions that store something of the user, so that they conflict with an erasure. */
  touches: counter.optional(),
})
export type UserDocument = z.output<typeof userDocument>

export const receipt = z.strictObject({ messages: counter, contexts: counter, events: counter })

/** What remains of an erased user: an id and numbers, nothing of the person. */
const tombstoneDocument = z.strictObject({
  _id: id,
  erasedAt: date,
  receipt,
  /** While messages and events are being erased: the step, and what this step removes. */
  erasing: z.strictObject({ step: counter, messages: z.array(id), events: z.array(id) }).optional(),
})
export type TombstoneDocument = z.output<typeof tombstoneDocument>

export const users: ModelDefinition<typeof userDocument> = {
  name: 'User',
  collection: 'users',
  document: userDocument,
  alternative: tombstoneDocument,
  owner: '_id',
  ownErasure: true,
  indexes: [
    /* Sparse, so that users without identities don't collide; an empty list is not stored. */
    { keys: { identities: 1 }, options: { unique: true, sparse: true } },
    { keys: { email: 1, _id: 1 }, options: { partialFilterExpression: { email: { $exists: true } } } },
    /* Any flow can be asked for: states.registration, states.scheduling, … */
    { keys: { 'states.$**': 1 } },
    { keys: { erasedAt: 1 }, options: { sparse: true } },
    { keys: { 'erasing.step': 1 }, options: { sparse: true } },
  ],
}

/** Everybody who was not erased. */
export const ALIVE = { erasedAt: { $exists: false } } as const

const optionalFields = {
  name: fields.name.nullish(),
  email: fields.email.nullish(),
  locale: fields.locale.nullish(),
  timezone: fields.timezone.nullish(),
}

export const newUser = z
  .strictObject({
    id: id.optional(),
    identities: identities.default([]),
    ...optionalFields,
    states: states.default({}),
    data: json.default({}),
  })
  .refine((user) => user.identities.length > 0 || user.name, 'give identities or a name, at least one')
export type NewUser = z.output<typeof newUser>
export type NewUserInput = z.input<typeof newUser>

export const userDefaults = z
  .strictObject({ id: id.optional(), ...optionalFields, states: states.default({}), data: json.default({}) })
  .default({ states: {}, data: {} })
export type UserDefaultsInput = NonNullable<z.input<typeof userDefaults>>

export const userPatch = z.strictObject({
  ...optionalFields,
  states: statesPatch.nullish(),
  data: json.nullish(),
  addIdentities: identities.optional(),
  removeIdentities: identities.optional(),
})
export type UserPatch = z.output<typeof userPatch>
export type UserPatchInput = z.input<typeof userPatch>

export const updateOptions = z
  .strictObject({ ifVersion: counter.optional(), ifStates: expectedStates.optional() })
  .default({})

export const userFilter = z
  .strictObject({
    /** Users of a page; of an iteration, how many are asked for at once. */
    limit: z.int().min(1).max(1000).optional(),
    cursor: z.string().nullish(),
    email: z.string().optional(),
    states: states.optional(),
  })
  .default({})
export type UserFilterInput = NonNullable<z.input<typeof userFilter>>

export type User<D = JsonObject> = Entity<UserDocument, 'identities' | 'data' | 'ops' | 'touches'> & {
  identities: Identity[]
  data: D
}

/** What an erasure removed, and when it began. */
export interface ErasureReceipt {
  userId: string
  messages: number
  contexts: number
  events: number
  erasedAt: Date
}

export function toUser<D>(document: UserDocument): User<D> {
  return {
    id: document._id.toHexString(),
    identities: document.identities ?? [],
    name: document.name ?? null,
    email: document.email ?? null,
    locale: document.locale ?? null,
    timezone: document.timezone ?? null,
    states: document.states,
    // The store's shapes are the caller's word on what data holds; it was checked when it was stored.
    data: document.data as D,
    version: document.version,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  }
}
