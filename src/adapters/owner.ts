import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { toObjectId } from '../ids.ts'
import { callback } from '../log.ts'
import type { Owners } from '../sessions/writing.ts'
import type { Identity } from '../users/schema.ts'

export type OwnerOf = (key: string) => Identity | null | Promise<Identity | null>

/** Whose keys are, as the caller's function tells. */
export function ownersIn<S extends Shapes>(store: DialogueStore<S>, userOf: OwnerOf | undefined): Owners {
  const { observer } = internalsIn(store)
  const by = (user: (identity: Identity) => Promise<{ id: string } | null>) => async (key: string) => {
    const identity = userOf && (await callback(() => userOf(key)))
    const found = identity ? await user(identity) : null
    if (!found) return undefined
    /* No call has named them before: only the key tells whose it is. */
    const refusal = observer.refuse?.([found.id])
    if (refusal) throw refusal
    return toObjectId(found.id)
  }
  return {
    ensure: by(async (identity) => (await store.ensureUser(identity)).user),
    find: by((identity) => store.findUser(identity)),
  }
}
