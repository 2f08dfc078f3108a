import type { Attempt } from '../../../part.ts'
import { type Account, isAcknowledged, isAnswered, type Write } from '../account.ts'
import { type Base, type Kind, replyTo } from '../calls.ts'
import { unwritten, wrongAmong } from './once.ts'
import { wrongWithRing } from './ring.ts'
import { byKey, type Stored } from './stored.ts'
import { type KeysOf, wrongTurns } from './turns.ts'
import { type Versioned, wrongWithGrown, wrongWithReplaced } from './versions.ts'

/** What is held against what. */
export interface Evidence {
  base: Base
  account: Account
  stored: Stored
}

interface Verdict {
  row: string
  times: number
  wrong: string[]
}

/** Holds what is stored in a database against what callers were told. */
export function checkStored(evidence: Evidence, tally: Attempt['tally']): void {
  const { account, base } = evidence
  const writes = [...account.values()].filter((write) => write.base === base)
  const checks = [checkOnce, checkTurns, checkVersions, checkRing, countFailures]
  for (const { row, times, wrong } of checks.flatMap((check) => check(writes, evidence))) {
    tally.tried(row, times)
    for (const one of wrong) tally.lost(row, `${one} [${base}]`)
  }
}

const of = (writes: readonly Write[], ...kinds: Kind[]): Write[] =>
  writes.filter(({ kind }) => kinds.includes(kind))
const acknowledged = (writes: readonly Write[]): number => writes.filter(isAcknowledged).length

function checkOnce(writes: Write[], { base, account, stored }: Evidence): Verdict[] {
  const messages = byKey(stored.messages)
  const events = byKey(stored.events)
  const known = new Set([...account.keys()].flatMap((key) => [key, replyTo(key)]))
  const verdict = (
    row: string,
    some: Write[],
    found: Map<string, string[]>,
    mayBeEvicted = false,
  ): Verdict => ({
    row,
    times: acknowledged(some),
    wrong: wrongAmong(some, found, mayBeEvicted),
  })
  const isFull = base === 'full'
  return [
    verdict('acknowledged messages, there once', of(writes, 'message'), messages, isFull),
    verdict('deliveries, repeated or not, there once', of(writes, 'delivery'), messages, isFull),
    verdict('events, there once', of(writes, 'event', 'booking'), events),
    { row: 'acknowledged messages, there once', times: 0, wrong: unwritten(known, messages.keys()) },
    { row: 'events, there once', times: 0, wrong: unwritten(known, events.keys()) },
  ]
}

function checkTurns(writes: Write[], { base, stored }: Evidence): Verdict[] {
  const turns = of(writes, 'turn')
  const parts = {
    messages: byKey(stored.messages),
    events: byKey(stored.events),
    contexts: keysOf(stored.contexts),
    users: keysOf(stored.users),
  }
  const wrong = wrongTurns(turns, parts, base === 'full')
  if (stored.unsettled > 0) wrong.push(`${stored.unsettled} were committed, and are not carried out`)
  return [{ row: 'turns, there whole', times: acknowledged(turns), wrong }]
}

const keysOf = (documents: Stored['users']): KeysOf =>
  new Map([...documents].map(([userId, { data }]) => [userId, new Set(Object.keys(data))]))

function checkVersions(writes: Write[], { stored }: Evidence): Verdict[] {
  const wrongIn = (
    documents: Stored['users'],
    kinds: Kind[],
    reads: Kind[],
    wrongWith: (one: Versioned) => string[],
  ) =>
    [...documents].flatMap(([userId, document]) => {
      const own = writes.filter((write) => write.userId === userId)
      return wrongWith({ userId, ...document, writes: of(own, ...kinds), reads: of(own, ...reads) })
    })
  const isReplaced = ({ writes: own }: Versioned) => own.some(({ kind }) => kind === 'replace')
  const inContexts: Kind[] = ['merge', 'update', 'replace', 'turn']
  const contexts = wrongIn(stored.contexts, inContexts, ['read'], (one) =>
    isReplaced(one) ? wrongWithReplaced(one) : wrongWithGrown(one, 0),
  )
  const users = wrongIn(stored.users, ['rename', 'turn'], [], (one) => wrongWithGrown(one, 1))
  return [
    { row: 'versions of contexts', times: acknowledged(of(writes, ...inContexts)), wrong: contexts },
    { row: 'versions of users', times: acknowledged(of(writes, 'rename', 'turn')), wrong: users },
  ]
}

function checkRing(writes: Write[], { base, stored }: Evidence): Verdict[] {
  if (base !== 'full') return []
  const survivors = stored.messages.map(({ key }) => key)
  const wrong = wrongWithRing(of(writes, 'message', 'delivery', 'turn'), survivors)
  return [{ row: 'the newest, in a full capped collection', times: survivors.length, wrong }]
}

/** They are judged above, as what they are: there once, or not at all. */
function countFailures(writes: Write[]): Verdict[] {
  const calls = writes.flatMap((write) => write.calls)
  const failed = calls.filter(({ heard }) => !isAnswered(heard))
  const wrong = failed.flatMap(({ call, heard }) =>
    heard && 'stranger' in heard
      ? [`${call} met an error of no kind that is promised: ${heard.stranger}`]
      : [],
  )
  return [{ row: 'calls that failed or were cut off', times: failed.length, wrong }]
}
