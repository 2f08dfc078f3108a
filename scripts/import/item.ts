import type { NewEvent, NewMessage, NewUser } from '../../src/index.ts'

/** What a report counts. */
export const KINDS = ['users', 'messages', 'contexts', 'events', 'others'] as const
export type Kind = (typeof KINDS)[number]

export interface Identity {
  provider: string
  id: string
}

/**
 * What a source gives, one after the other. A user comes before what is theirs, and is named by `owner` from then on.
 * `place` tells people where in the source it is: a line, a path, an id; never what somebody wrote.
 */
export type Item =
  | {
      kind: 'users'
      owner: string
      identity: Identity
      defaults: Omit<NewUser, 'identities' | 'id'>
      place: string
    }
  | { kind: 'messages'; owner: string; message: ImportedMessage; place: string }
  | { kind: 'contexts'; owner: string; data: object; place: string }
  | { kind: 'events'; owner: string; event: Omit<NewEvent, 'creatorId'> & { id: string }; place: string }
  | Remark

/** The same message of a source always has the same id. */
export type ImportedMessage = Omit<NewMessage, 'userId' | 'externalId'> & { id: string; timestamp: Date }

/** Something that is not stored, or not as it was. */
export interface Remark {
  kind: 'remark'
  of: Kind
  /** `left out`: there is nothing in it for a store. `refused`: it cannot be read or stored. `changed`: stored, but so. */
  outcome: Outcome
  reason: string
  place: string
}
export type Outcome = 'left out' | 'refused' | 'changed'

export const remark = (of: Kind, outcome: Outcome, reason: string, place: string): Remark => ({
  kind: 'remark',
  of,
  outcome,
  reason,
  place,
})

/** Tells how much has been read since it was told last. */
export type OnRead = (amount: number) => void
