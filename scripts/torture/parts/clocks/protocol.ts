/** What a writer is told. */
export type Order =
  | {
      kind: 'write'
      /** Which of its databases. */
      database: number
      userId: string
      count: number
      seed: number
      /** A moment, in ms, around which many messages are. */
      base: number
    }
  | { kind: 'clock'; shiftMs: number }

/** A message as its writer was told of it. */
export interface Written {
  id: string
  /** Its timestamp, in ms. */
  at: number
  sender: string
  type: 'text' | 'voice'
  conversationId: string | null
  cursor: string
  /** Which process wrote it, and in which order it was put in. */
  writer: number
  seq: number
}

/** What a writer tells. `done`: it is ready, or has written all it was told to. */
export type Report = { stored: Written[] } | { deleting: string[] } | { done: true } | { failed: string }
