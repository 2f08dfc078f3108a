import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { type ObjectId, toObjectId } from '../ids.ts'
import { callback } from '../log.ts'
import type { Identity } from '../users/schema.ts'

export type OwnerOf = (key: string) => Identity | null | Promise<Identity | null>

/** Whose a key is. Who is not known yet is created. */
export function ownersIn<S extends Shapes>(store: DialogueStore<S>, userOf: OwnerOf | undefined) {
  const { observer } = internalsIn(store)
  return async (key: string): Promise<ObjectId | undefined> => {
    const identity = userOf && (await callback(() => userOf(key)))
    if (!identity) return undefined
    const { user } = await store.ensureUser(identity)
    /* No call has named them before: only the key tells whose it is. */
    const refusal = observer.refuse?.([user.id])
    if (refusal) throw refusal
    return toObjectId(user.id)
  }
}
