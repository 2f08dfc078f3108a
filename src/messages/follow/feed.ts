import type { Deadline } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { toStoreError } from '../../db/failure.ts'
import { sizeOf } from '../../db/size.ts'
import type { DialogueStoreError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import type { Place } from '../live.ts'
import type { Bounds, Followed, Member } from './member.ts'
import { createReader, type Insert } from './stream.ts'

/** Of these, those whose users exist. */
export type UserCheck = (inserts: Insert[]) => Promise<Followed[]>

/** One change stream, and those it is handed on to. */
export interface Feed {
  /** False: it doesn't reach back to their place. What it has from there on they get at once. */
  join(member: Member): boolean
  leave(member: Member): void
  members(): Member[]
  close(): Promise<void>
}

interface Needs {
  database: Database
  check: UserCheck
  /** Where it begins. */
  from: Place
  /** How much it keeps for those who come later. */
  keep: Bounds
  /** After each batch. */
  onBatch(): void
  /** It has failed for good. The members are still there. */
  onEnd(ended: Ended): void
}

export interface Ended {
  error: DialogueStoreError
  /** Whether it had brought anything before. */
  begun: boolean
}

export function createFeed({ database, check, from, keep, onBatch, onEnd }: Needs): Feed {
  const reader = createReader(database, from)
  const kept = createKept(from, keep)
  const members = new Set<Member>()
  let closed = false
  let begun = false

  /** A member without room is left behind, and comes again when they have. */
  const offer = (member: Member, followed: Followed) => {
    if (member.offer(followed)) return true
    members.delete(member)
    member.drop()
    return false
  }

  function deliver(batch: Followed[], end: Place): void {
    for (const followed of batch) {
      kept.add(followed)
      for (const member of members) offer(member, followed)
    }
    kept.trim()
    for (const member of members) member.pass(end)
  }

  async function pump(): Promise<void> {
    while (!closed) {
      const { inserts, end } = await reader.next()
      begun = true
      const batch = await check(inserts)
      if (closed) return
      deliver(batch, end)
      onBatch()
    }
  }

  const feed = {
    join(member: Member): boolean {
      if (closed || member.place() < kept.begin()) return false
      members.add(member)
      for (const followed of kept.after(member.place())) if (!offer(member, followed)) return true
      member.pass(member.place())
      return true
    },
    leave: (member: Member) => void members.delete(member),
    members: () => [...members],
    async close(): Promise<void> {
      closed = true
      await reader.close()
    },
  }
  pump().catch((error: unknown) => {
    if (closed) return
    void feed.close()
    onEnd({ error: toStoreError(error), begun })
  })
  return feed
}

/** The last messages of a feed, for those who join it a little behind. */
function createKept(from: Place, bounds: Bounds) {
  let kept: Followed[] = []
  let bytes = 0
  let begin = from
  return {
    begin: () => begin,
    after: (place: Place): Followed[] => kept.filter((followed) => followed.place > place),
    add(followed: Followed): void {
      kept.push(followed)
      bytes += followed.bytes
    },
    trim(): void {
      let gone = 0
      while (kept.length - gone > bounds.messages || bytes > bounds.bytes) {
        bytes -= kept[gone]?.bytes ?? 0
        gone++
      }
      if (gone === 0) return
      begin = kept[gone - 1]?.place ?? begin
      kept = kept.slice(gone)
    },
  }
}

/** One question for all users of a batch. */
export const createUserCheck =
  (
    database: Database,
    usersAmong: (ids: ObjectId[], deadline: Deadline) => Promise<Set<string>>,
  ): UserCheck =>
  async (inserts) => {
    if (inserts.length === 0) return []
    const users = new Map(inserts.map(({ document: { userId } }) => [userId.toHexString(), userId]))
    const found = await usersAmong([...users.values()], database.deadline())
    const checkedAt = performance.now()
    return inserts
      .map(({ place, document }) => ({
        place,
        document,
        userId: document.userId.toHexString(),
        bytes: sizeOf(document),
        checkedAt,
      }))
      .filter(({ userId }) => found.has(userId))
  }
