import type { Kind } from './routes.ts'

/** Of a request: what it was, and what its client got. No bodies, as they can be large. */
export interface LoggedRequest {
  kind: Kind
  /** The e-mail address; undefined without a valid token */
  account: string | undefined
  /** As a client sees it; of a connection that broke, how. */
  status: number | 'is lost' | 'loses its reply'
}
