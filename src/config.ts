import type mongoose from 'mongoose'
import type pino from 'pino'
import { z } from 'zod'
import { glance, LARGEST_TIMER_MS, parse } from './input.ts'

const MIB = 2 ** 20
export const DEFAULT_PREFIX = 'dialogue_'

const capped = z.strictObject({
  kind: z.literal('capped'),
  /** Bytes; a new collection takes 1 GiB. */
  sizeBytes: z
    .int()
    .min(4096)
    .max(2 ** 50)
    .optional(),
  maxMessages: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional(),
})

const rolling = z.strictObject({
  kind: z.literal('rolling'),
  maxAgeMs: z
    .int()
    .min(1000)
    .max((2 ** 31 - 1) * 1000)
    .optional(),
  maxPerUser: z.int().min(1).optional(),
})

export const retention = z.discriminatedUnion('kind', [capped, rolling])
/**
 * How messages are kept.
 * - `capped`: a ring of `sizeBytes` (default 1 GiB) over all users; the oldest stored go first.
 * - `rolling`: an ordinary collection. `maxAgeMs` counts from storing, in whole seconds; `maxPerUser` keeps
 *   each user's newest, exceeded by a tenth at most, as long as up to four processes write for that user at once;
 *   neither: kept for ever.
 */
export type Retention = z.infer<typeof retention>

const schemaLike = z.custom<z.ZodType>(
  (value) => typeof (value as z.ZodType | undefined)?.safeParse === 'function',
  'must be a zod schema',
)
/** What the store uses of a pino logger. */
export type Log = Pick<pino.Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn' | 'error'>

/* Instead of a silent one of pino's, so that pino is loaded by those who log. */
const SILENT: Log = { isLevelEnabled: () => false, debug() {}, info() {}, warn() {}, error() {} }

const loggerLike = z.custom<Log>(
  (value) => typeof (value as pino.Logger | undefined)?.child === 'function',
  'must be a pino logger',
)
const connectionLike = z.custom<mongoose.Connection>(
  (value) => typeof (value as mongoose.Connection | undefined)?.useDb === 'function',
  'must be a mongoose.Connection',
)

const shared = {
  prefix: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,59}$/, 'must be 1–60 letters, digits, _ or -, a letter first')
    .default(DEFAULT_PREFIX),
  retention: retention.optional(),
  migrate: z.enum(['apply', 'check']).default('apply'),
  shapes: z
    .strictObject({
      context: schemaLike.optional(),
      userData: schemaLike.optional(),
      metadata: schemaLike.optional(),
      eventData: schemaLike.optional(),
    })
    .default({}),
  logger: loggerLike.default(SILENT),
  timeoutMs: z.int().min(1).max(LARGEST_TIMER_MS).default(30_000),
  maxQueuedBytes: z
    .int()
    .min(1)
    .default(64 * MIB),
}

const excluded = (other: string) => z.undefined(`cannot be given together with ${other}`).optional()

const owned = z.strictObject({
  uri: z
    .string('must be text: give a uri, or a connection')
    .regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://'),
  dbName: z
    .string()
    .regex(/^[^/\\. "$\0]{1,63}$/, 'must be 1–63 characters without / \\ . " $ or blanks')
    .optional(),
  connection: excluded('uri'),
  ...shared,
})

const borrowed = z.strictObject({
  connection: connectionLike,
  uri: excluded('connection'),
  dbName: excluded('connection'),
  ...shared,
})

/** Options with their defaults: the one place where these are. */
export type OwnedConfig = z.output<typeof owned>
export type BorrowedConfig = z.output<typeof borrowed>
export type StoreConfig = OwnedConfig | BorrowedConfig

export function parseOptions(input: unknown): StoreConfig {
  const connection = glance(() => (input as { connection?: unknown } | null | undefined)?.connection)
  return connection === undefined ? parse(owned, input) : parse(borrowed, input)
}

/** zod schemas that check and type the JSON fields. */
export interface Shapes {
  context?: z.ZodType
  userData?: z.ZodType
  metadata?: z.ZodType
  eventData?: z.ZodType
}

interface CommonOptions<S extends Shapes> {
  /** Of collection names, default `dialogue_`. A foreign collection of such a name is refused, never altered. */
  prefix?: string
  /** How messages are kept. Omitted: as the database has it; a new one `{ kind: 'capped' }` of 1 GiB. */
  retention?: Retention
  /** `apply` (default): pending migrations run first; `check`: refuses to open while any is pending. */
  migrate?: 'apply' | 'check'
  /** zod schemas that check and type these JSON fields. */
  shapes?: S
  /** Default: a silent one. Reads log at `debug`, writes at `info`, failures at `warn` or `error`. */
  logger?: pino.Logger
  /** Milliseconds that a short verb may take, queueing included; of a long one each exchange. Default 30,000. */
  timeoutMs?: number
  /** Bytes of messages that may wait to be sent. Default 64 MiB. */
  maxQueuedBytes?: number
}

export type StoreOptions<S extends Shapes = Shapes> = (
  | {
      /** The store owns the connection; `close()` ends it. */
      uri: string
      /** Default: the one that the URI names; where it names none, MongoDB's own default, `test`. */
      dbName?: string
    }
  | {
      /** The caller owns the connection; `close()` leaves it open, and no model is registered on it. */
      connection: mongoose.Connection
    }
) &
  CommonOptions<S>
