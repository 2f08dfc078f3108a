import type { Deadline } from '../db/attempt.ts'
import type { ObjectId } from '../ids.ts'

/** How many users a process remembers to have seen: for the others, the check comes before the insert. */
const KNOWN_USERS = 100_000

type Check = (ids: Map<string, ObjectId>, deadline: Deadline) => Promise<Set<string>>

/** Finds out which of the users that messages are for don't exist. Users are given by their hex ids. */
export interface Presence {
  check: Check
  /** Checks those who were never seen. */
  checkStrangers: Check
}

export function createPresence(
  usersAmong: (ids: ObjectId[], deadline: Deadline) => Promise<Set<string>>,
): Presence {
  const known = new Set<string>()

  const check: Check = async (ids, deadline) => {
    if (ids.size === 0) return new Set()
    const found = await usersAmong([...ids.values()], deadline)
    if (known.size + found.size > KNOWN_USERS) known.clear()
    for (const user of found) known.add(user)
    const missing = new Set([...ids.keys()].filter((user) => !found.has(user)))
    for (const user of missing) known.delete(user)
    return missing
  }

  return {
    check,
    checkStrangers: (ids, deadline) =>
      check(new Map([...ids].filter(([user]) => !known.has(user))), deadline),
  }
}
