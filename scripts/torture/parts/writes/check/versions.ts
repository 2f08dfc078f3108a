import { type Fate, fateOf, isAnswered, told, type Write } from '../account.ts'
import type { Call } from '../ledger.ts'

/** A document with a version, as it is in the end, and who wrote to it and read it. */
export interface Versioned {
  userId: string
  version: number
  data: Readonly<Record<string, unknown>>
  writes: readonly Write[]
  reads: readonly Write[]
}

const versionHeard = ({ heard }: Call): number | undefined => (isAnswered(heard) ? heard.version : undefined)

/**
 * What is wrong with a document to which each write adds its key and one version.
 *
 * @param first its version before any write
 */
export function wrongWithGrown(document: Versioned, first: number): string[] {
  const { userId, version, data, writes } = document
  const keys = new Set(Object.keys(data))
  const wrong = writes.flatMap((write) => {
    const fate = fateOf(write)
    if (fate === 'there' && !keys.has(write.key)) return [`${told(write)} is gone`]
    if (fate === 'absent' && keys.has(write.key)) return [`${told(write)} was refused, and is stored`]
    return []
  })
  if (version !== first + keys.size)
    wrong.push(`user ${userId} is at version ${version}, after ${keys.size} writes on version ${first}`)
  return [...wrong, ...wrongOrder(document)]
}

/** What is wrong with a document that each write replaces: `data.key` names the last one. */
export function wrongWithReplaced(document: Versioned): string[] {
  const { userId, version, data, writes } = document
  const of = (fate: Fate) => writes.filter((write) => fateOf(write) === fate)
  const wrong = wrongOrder(document)
  const least = of('there').length
  const most = least + of('unknown').length
  if (version < least || version > most)
    wrong.push(`user ${userId} is at version ${version}, after ${least} to ${most} writes`)
  if (version === 0) return wrong
  const last = of('there').find(({ calls }) => calls.some((call) => versionHeard(call) === version))
  const candidates = last ? [last] : of('unknown')
  if (!candidates.some(({ key }) => key === data.key))
    wrong.push(
      `user ${userId} has at version ${version} what ${data.key} wrote, ${last ? `not ${told(last)}` : 'which is older'}`,
    )
  return wrong
}

/** No version is given to two writes, and none goes back: not for those who write, nor for those who read. */
function wrongOrder({ userId, version, writes, reads }: Versioned): string[] {
  const wrong: string[] = []
  const given = new Map<number, Call>()
  for (const { call, got, isRead, floor } of answersInOrder(writes, reads)) {
    const other = isRead ? undefined : given.get(got)
    if (other) wrong.push(`user ${userId}: version ${got} was given to ${other.call} and to ${call.call}`)
    else if (isRead ? got < floor : got <= floor)
      wrong.push(`user ${userId}: ${call.call} heard of version ${got} when ${floor} had been heard of`)
    if (got > version)
      wrong.push(`user ${userId}: ${call.call} heard of version ${got}, and ${version} is stored`)
    if (!isRead) given.set(got, call)
  }
  return wrong
}

interface Answer {
  call: Call
  got: number
  isRead: boolean
  /** The highest version that anybody had heard of when the call began. */
  floor: number
}

function answersInOrder(writes: readonly Write[], reads: readonly Write[]): Answer[] {
  const calls = (all: readonly Write[], isRead: boolean) =>
    all.flatMap((write) => write.calls.map((call) => ({ call, isRead, floor: 0 })))
  const everybody = [...calls(writes, false), ...calls(reads, true)]
  const moments = everybody
    .flatMap((one) => [
      { at: one.call.begun, one, isEnd: false },
      ...(one.call.ended === undefined ? [] : [{ at: one.call.ended, one, isEnd: true }]),
    ])
    .sort((a, b) => a.at - b.at)
  const answers: Answer[] = []
  let highest = 0
  for (const { one, isEnd } of moments) {
    if (!isEnd) one.floor = highest
    const got = isEnd ? versionHeard(one.call) : undefined
    if (got === undefined) continue
    answers.push({ ...one, got })
    highest = Math.max(highest, got)
  }
  return answers
}
