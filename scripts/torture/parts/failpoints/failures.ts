import type { FailPoint, Sent } from './line.ts'

export interface Failure {
  name: string
  /** Ways in which it comes. `reply lost`: the command is done, and its connection breaks before the reply. */
  ways: readonly (FailPoint | 'reply lost')[]
  befalls(command: Sent): boolean
  /** Only a caller whose time is over before notices. */
  outlasts?: true
}

/** How long callers have whom a command outlasts, and how long that one takes. */
export const HASTY_MS = 500
const BLOCKED_MS = 750

const any = () => true
const ofCommit = ({ name }: Sent) => name === 'commitTransaction'
/** A command that waits for a majority by itself. */
const isConfirmed = (sent: Sent) => sent.isWrite && !sent.isInTransaction && !ofCommit(sent)
const unconfirmed = (code: number) => ({ writeConcernError: { code, errmsg: 'no majority was heard of' } })

export const FAILURES: readonly Failure[] = [
  { name: 'connection closed, command lost', ways: [{ closeConnection: true }], befalls: any },
  { name: 'connection closed, reply lost', ways: ['reply lost'], befalls: any },
  { name: '91, shutting down', ways: [{ errorCode: 91 }], befalls: any },
  { name: '112, write conflict', ways: [{ errorCode: 112 }], befalls: any },
  { name: '11602, primary steps down', ways: [{ errorCode: 11602 }], befalls: any },
  { name: '50, time limit exceeded', ways: [{ errorCode: 50 }], befalls: any },
  { name: 'done, not confirmed', ways: [unconfirmed(64), unconfirmed(91)], befalls: isConfirmed },
  {
    name: 'unknown commit result',
    ways: [unconfirmed(64), unconfirmed(91), { errorCode: 50 }, { closeConnection: true }, 'reply lost'],
    befalls: ofCommit,
  },
  {
    name: 'blocked beyond the deadline',
    ways: [{ blockConnection: true, blockTimeMS: BLOCKED_MS }],
    befalls: any,
    outlasts: true,
  },
]
