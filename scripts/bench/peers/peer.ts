import type { Scene } from './scene.ts'

/** What a bot says or hears. */
export interface Line {
  sender: string
  content: string
  /** The platform's own id of it. */
  externalId?: string
  /** Default now. */
  timestamp?: Date
}

/**
 * What a peer can do, each as its own documentation shows it. People are numbers, from 0 to below the scene's
 * `users`; how a peer calls them is its own business.
 */
export interface Verbs {
  storeLine?(user: number, line: Line): Promise<unknown>
  storeLines?(user: number, lines: Line[]): Promise<unknown>
  /** The newest lines of somebody, in the order in which they were said. */
  newest?(user: number, limit: number): Promise<unknown[]>
  replaceContext?(user: number, data: object): Promise<unknown>
  mergeContext?(user: number, patch: object): Promise<unknown>
  /** What a bot does when somebody says something: finds them, reads, answers, writes. */
  turn?(user: number, said: Line, answer: Line): Promise<unknown>
  /** For a history to begin with, where `storeLines` is missing or slow: quick, however unusual. Never measured. */
  fill?(user: number, lines: Line[]): Promise<unknown>
  close(): Promise<void>
}

export type Verb = Exclude<keyof Verbs, 'close' | 'fill'>

/** Those of a peer that is known to have some of them. */
export type With<V extends Verb> = Verbs & Required<Pick<Verbs, V>>

export interface Peer<V extends Verbs = Verbs> {
  name: string
  open(scene: Scene): Promise<V>
}
