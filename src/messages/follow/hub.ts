import type { Deadline } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { toStoreError } from '../../db/failure.ts'
import { cursorGone, type DialogueStoreError, userNotFound } from '../../errors.ts'
import { ObjectId } from '../../ids.ts'
import type { Clock } from '../clock.ts'
import { minus, type Place, placeAt } from '../live.ts'
import { createFeed, type Ended, type Feed, type UserCheck } from './feed.ts'
import type { Member } from './member.ts'

interface Needs {
  database: Database
  clock: Clock
  check: UserCheck
  /** Of these users, those that exist. */
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

/** What the live feed keeps for those who come from a page, or fell behind. */
const KEPT = { messages: 10_000, bytes: 16 * 2 ** 20 }
const NONE = { messages: 0, bytes: 0 }
/** Who comes from further back catches up beside the live feed, so that nobody waits for them. */
const NEAR_MS = 60_000
/** Streams beside the live one, at most. */
const MOST_PASSES = 2
/** The live feed outlasts the last follower by that: pages are reloaded, and connections come back. */
const LINGER_MS = 250

/**
 * Where followers meet: one live feed, open while anybody follows. Who comes from a place before it is brought up to
 * it by a pass: another feed, which begins at their place, is shared by those who lie behind it, and ends when it
 * has brought the last of them to the live feed.
 */
export function createHub({ database, clock, check, usersAmong }: Needs) {
  const everybody = new Set<Member>()
  const arriving = new Set<Member>()
  /** For a pass to end, so that another one may begin. */
  const waiting = new Set<Member>()
  const passes = new Set<Feed>()
  let live: Feed | undefined
  let lingering: NodeJS.Timeout | undefined
  let admitting = false
  let closing: DialogueStoreError | undefined

  function openLive(from: Place): Feed {
    const feed = createFeed({
      ...{ database, check, from, keep: KEPT },
      onBatch: () => {},
      onEnd(ended) {
        if (live === feed) live = undefined
        dismiss(feed, from, ended)
      },
    })
    return feed
  }

  function openPass(from: Place): Feed {
    const pass = createFeed({
      ...{ database, check, from, keep: NONE },
      onBatch() {
        for (const member of pass.members()) if (live?.join(member)) pass.leave(member)
        endIfDone(pass)
      },
      onEnd(ended) {
        passes.delete(pass)
        dismiss(pass, from, ended)
        placeWaiting()
      },
    })
    passes.add(pass)
    return pass
  }

  function endIfDone(pass: Feed): void {
    const members = pass.members()
    if (live && members.length > 0) return
    passes.delete(pass)
    for (const member of members) member.drop()
    void pass.close()
    placeWaiting()
  }

  /** A feed has failed. If it could not begin where it had to, that is told to those who lie there. */
  function dismiss(feed: Feed, from: Place, { error, begun }: Ended): void {
    for (const member of feed.members()) {
      feed.leave(member)
      const innocent = error.code === 'CURSOR_GONE' && !begun && member.place() > from
      if (innocent) place(member)
      else member.drop(error)
    }
  }

  function place(member: Member): void {
    if (!everybody.has(member)) return
    if (!live) arrive(member)
    else if (!live.join(member) && ![...passes].some((pass) => pass.join(member))) catchUp(member)
  }

  function catchUp(member: Member): void {
    if (passes.size < MOST_PASSES) openPass(member.place()).join(member)
    else waiting.add(member)
  }

  function placeWaiting(): void {
    const members = byPlace(waiting)
    waiting.clear()
    for (const member of members) place(member)
  }

  function arrive(member: Member): void {
    arriving.add(member)
    if (!admitting) void admitAll()
  }

  async function admitAll(): Promise<void> {
    admitting = true
    while (arriving.size > 0) {
      await Promise.resolve()
      const group = [...arriving]
      arriving.clear()
      try {
        await admit(group)
      } catch (error) {
        for (const member of group) member.drop(toStoreError(error))
      }
    }
    admitting = false
  }

  /** Those who come at the same time are let in together: one question for all of them, and one stream. */
  async function admit(group: Member[]): Promise<void> {
    const deadline = database.deadline()
    const users = [...new Set(group.flatMap(({ userId }) => userId ?? []))]
    const [{ latest }, found] = await Promise.all([
      clock.ask(deadline),
      users.length > 0
        ? usersAmong(
            users.map((user) => new ObjectId(user)),
            deadline,
          )
        : new Set(),
    ])
    const now = placeAt(latest)
    const admitted = byPlace(group).filter((member) => {
      const absent = member.userId !== undefined && !found.has(member.userId)
      /* A place that is still to come is of another server, or of this one before it was set back. */
      const strange = member.place() > now
      if (absent) member.end(userNotFound())
      else if (strange) member.end(cursorGone())
      return !absent && !strange && everybody.has(member)
    })
    if (admitted.length === 0) return
    const near = placeAt(minus(latest, NEAR_MS))
    live ??= openLive(admitted.find((member) => member.place() >= near)?.place() ?? now)
    for (const member of admitted) {
      member.admit(now)
      place(member)
    }
  }

  function closeLive(): void {
    void live?.close()
    live = undefined
  }

  return {
    enter(member: Member): void {
      clearTimeout(lingering)
      if (closing) member.end(closing)
      else {
        everybody.add(member)
        arrive(member)
      }
    },
    place,
    leave(member: Member): void {
      everybody.delete(member)
      arriving.delete(member)
      waiting.delete(member)
      live?.leave(member)
      for (const pass of [...passes]) {
        pass.leave(member)
        endIfDone(pass)
      }
      if (everybody.size > 0 || closing) return
      clearTimeout(lingering)
      lingering = setTimeout(closeLive, LINGER_MS).unref()
    },
    /** Ends everybody's following, and waits until the streams are closed. */
    async close(reason: DialogueStoreError): Promise<void> {
      closing = reason
      clearTimeout(lingering)
      const feeds = [...passes, ...(live ? [live] : [])]
      for (const member of everybody) member.end(reason)
      everybody.clear()
      await Promise.all(feeds.map((feed) => feed.close()))
    },
  }
}

const byPlace = (members: Iterable<Member>): Member[] =>
  [...members].sort((a, b) => (a.place() < b.place() ? -1 : 1))
