import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DialogueStore, openStore, type Retention } from '../../../../src/index.ts'
import { BASES, type Base } from './calls.ts'
import { createClerk, type Order } from './clerk.ts'
import { openLedger } from './ledger.ts'
import type { Rig } from './rig.ts'
import type { Crowd } from './seat.ts'

const KIB = 2 ** 10
const RETENTIONS: Record<Base, Retention> = {
  /* More than a round writes. */
  capped: { kind: 'capped', sizeBytes: 2 ** 30 },
  full: { kind: 'capped', sizeBytes: 128 * KIB },
  rolling: { kind: 'rolling' },
}
/** Calls after which the small collection is full, each of some messages of 350 bytes or so. */
const FILLING = { calls: 50, messages: 10 }
const USERS = { merging: 5, replacing: 3 }

export interface Bases {
  crowds: Record<Base, Crowd>
  /** Of what was written before the writers begin. */
  ledger: string
}

/** New databases with users; the small capped collection is full from the beginning. */
export async function makeBases({ uri, folder }: Rig, name: string): Promise<Bases> {
  const crowds = {
    capped: await makeCrowd(uri, `${name}-capped`, RETENTIONS.capped),
    full: await makeCrowd(uri, `${name}-full`, RETENTIONS.full),
    rolling: await makeCrowd(uri, `${name}-rolling`, RETENTIONS.rolling),
  }
  const path = join(folder, `${name}.ledger`)
  await writeFile(path, '')
  await fill(uri, crowds.full, path)
  return { crowds, ledger: path }
}

async function makeCrowd(uri: string, dbName: string, retention: Retention): Promise<Crowd> {
  await using store = await openStore({ uri, dbName, retention })
  const make = (count: number) =>
    Promise.all(Array.from({ length: count }, async () => (await store.createUser({ name: 'Ana' })).id))
  return { dbName, merging: await make(USERS.merging), replacing: await make(USERS.replacing) }
}

async function fill(uri: string, { dbName, merging: [userId = ''] }: Crowd, path: string): Promise<void> {
  await using store = await openStore({ uri, dbName })
  const ledger = await openLedger(path)
  const orderOf = (key: string): Order => ({ kind: 'message', base: 'full', userId, key })
  const clerk = createClerk('first', ledger, new Map([['full', store]]))
  for (let i = 0; i < FILLING.calls; i++)
    await clerk.bulk(
      'full',
      Array.from({ length: FILLING.messages }, (_, n) => orderOf(`first-k${i}-${n}`)),
    )
  await ledger.close()
}

/** A store on each database. */
export const openAll = async (uri: string, crowds: Bases['crowds']): Promise<[Base, DialogueStore][]> =>
  Promise.all(
    BASES.map(
      async (base): Promise<[Base, DialogueStore]> => [
        base,
        await openStore({ uri, dbName: crowds[base].dbName }),
      ],
    ),
  )
