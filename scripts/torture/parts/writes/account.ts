import type { Heard } from './calls.ts'
import { type Call, readLedger } from './ledger.ts'

/** Something that was to be stored once, and all calls that brought it. */
export interface Write extends Pick<Call, 'key' | 'kind' | 'base' | 'userId'> {
  calls: Call[]
}

/** By key. */
export type Account = ReadonlyMap<string, Write>

/** All that the ledgers say. */
export async function readAccount(ledgers: string[]): Promise<Account> {
  const account = new Map<string, Write>()
  for (const path of ledgers) for (const call of await readLedger(path)) enter(account, call)
  return account
}

/** Writes down one more call. */
export function enter(account: Map<string, Write>, call: Call): void {
  const { key, kind, base, userId } = call
  const write = account.get(key) ?? { key, kind, base, userId, calls: [] }
  write.calls.push(call)
  account.set(key, write)
}

/** What has to be there of a write: one, none, or either. */
export type Fate = 'there' | 'absent' | 'unknown'

export const isAnswered = (
  heard: Heard | undefined,
): heard is Exclude<Heard, { code: string } | { stranger: string }> =>
  heard !== undefined && !('code' in heard) && !('stranger' in heard)

const isRefused = ({ heard }: Call): boolean =>
  heard !== undefined && 'code' in heard && heard.outcome === 'not-applied'

export function fateOf({ calls }: Write): Fate {
  if (calls.some(({ heard }) => isAnswered(heard))) return 'there'
  return calls.every(isRefused) ? 'absent' : 'unknown'
}

export const isAcknowledged = (write: Write): boolean => fateOf(write) === 'there'

/** From the first call's beginning to the first acknowledgement: it was stored in between. */
export const spanOf = ({ calls }: Write): { begun: number; ended: number } => ({
  begun: Math.min(...calls.map(({ begun }) => begun)),
  ended: Math.min(
    ...calls.map(({ heard, ended }) => (isAnswered(heard) ? (ended ?? 0) : Number.POSITIVE_INFINITY)),
  ),
})

/** The ids under which calls were acknowledged, each once. */
export const idsHeard = ({ calls }: Write): string[] => [
  ...new Set(calls.flatMap(({ heard }) => (isAnswered(heard) && heard.id ? [heard.id] : []))),
]

/** In one line, for whoever has to find out. */
export const told = ({ key, kind, base, userId, calls }: Write): string =>
  `${kind} ${key} of user ${userId} in ${base} (${calls.map(answerOf).join('; ')})`

/** Moments in ms, on the clock of the ledgers. */
const answerOf = ({ call, begun, heard, ended }: Call): string =>
  `${call}, ${inMs(begun)} to ${ended === undefined ? 'its death' : inMs(ended)}: ${JSON.stringify(heard) ?? 'no answer'}`

const inMs = (microseconds: number): number => Math.round(microseconds / 1000)
