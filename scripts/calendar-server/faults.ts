import type { Account } from './accounts.ts'
import type { Kind } from './routes.ts'

/** What a client's request meets. */
export type Fate =
  | 'answers'
  /** The connection breaks before it is done. */
  | 'is lost'
  /** It is done, and the connection breaks before its reply. */
  | 'loses its reply'
  /** It is not done. The seconds are for the Retry-After header. */
  | { status: number; reason: string; retryAfter?: number }
  | { delayMs: number; fate?: Exclude<Fate, { delayMs: number }> }

export interface JudgedRequest {
  method: string
  path: string
  kind: Kind
  /** undefined without a valid token */
  account: Account | undefined
  body: unknown
}

/** Decides it, and may take its time. */
export type Judge = (request: JudgedRequest) => Fate | Promise<Fate>
