import type mongoose from 'mongoose'
import type { Attempt } from '../../part.ts'
import { errorsIn, holds, type Outcome, outcomeOf, showsCanary, wrongError } from './outcome.ts'
import { type Kind, PAYLOADS, type Payload } from './payloads.ts'
import { changesSince, snapshot } from './prototypes.ts'
import { type Person, rowsOf } from './scene.ts'
import { injected, mayTake, type Slot, slotsOf } from './slots.ts'
import type { CallVerb, Template } from './table/template.ts'

/** Who is in it, and whom the calls must not reach. */
export interface World {
  db: mongoose.mongo.Db
  call: CallVerb
  bystander: Person
  makeAttacker(): Promise<Person>
}

const AT_ONCE = 16
/** In how many rounds each place has had each payload. */
const ROUNDS = 33
const MORE_ROUNDS = 100
/** What says no more than if it were not there. */
const NOTHING: ReadonlySet<Kind> = new Set(['absent', 'empty object', 'thing', 'date', 'id'])

/**
 * Payloads at every place of a verb's call: in one round some of them, in as many rounds as there are kinds of rounds
 * each of them. What is the bystander's is looked at before and after.
 */
export async function injectInto(
  template: Template,
  what: string,
  { call, round, ...world }: World & { round: number },
  tally: Attempt['tally'],
): Promise<void> {
  const attacker = await world.makeAttacker()
  const attempts = slotsOf(template, template.args(attacker)).flatMap((slot, i) =>
    payloadsFor(template, slot, round + i).map((payload) => ({ slot, payload })),
  )
  const tryOne = async ({ slot, payload }: { slot: Slot; payload: Payload }) => {
    const value = payload.make(world.bystander, attacker)
    const args = injected(template.args(attacker), slot.path, value)
    const invoke = template.call ?? ((verb, all) => verb(template.verb, all))
    const wrong = wrongWith(template, slot, payload, value, await outcomeOf(() => invoke(call, args)))
    if (wrong) tally.lost(what, `${nameOf(template, slot)}, ${payload.name}: ${wrong}`)
  }
  await guarded(world, tally, what, template.verb, async () => {
    for (let i = 0; i < attempts.length; i += AT_ONCE)
      await Promise.all(attempts.slice(i, i + AT_ONCE).map(tryOne))
  })
  tally.tried(what, attempts.length)
}

/** Work after which everything of the bystander's, and what everything inherits, has to be as it was. */
export async function guarded(
  { db, bystander }: Pick<World, 'db' | 'bystander'>,
  tally: Attempt['tally'],
  what: string,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  const [rows, prototypes] = [await rowsOf(db, bystander), snapshot()]
  await work()
  const polluted = changesSince(prototypes)
  if (polluted.length > 0) tally.lost(what, `${name}: it changed ${polluted}`)
  if ((await rowsOf(db, bystander)) !== rows) tally.lost(what, `${name}: rows of the bystander changed`)
}

const nameOf = ({ verb, about }: Template, { path }: Slot): string =>
  `${verb}${about ? ` ${about}` : ''}, ${JSON.stringify(path)}`

/** What a call should not have is there with few: that it is, is the attack. */
function payloadsFor({ isOfAll }: Template, { path, isMore }: Slot, round: number): Payload[] {
  const every = isMore ? MORE_ROUNDS : ROUNDS
  /* Without options, some verbs are about everybody, and rightly so. */
  const isTooMuch = ({ kind }: Payload) => isOfAll && path.length === 1 && NOTHING.has(kind)
  return PAYLOADS.filter((payload, i) => i % every === round % every && !isTooMuch(payload))
}

function wrongWith(
  template: Template,
  slot: Slot,
  payload: Payload,
  value: unknown,
  outcome: Outcome,
): string | undefined {
  if ('never' in outcome) return 'it never ended'
  if ('isAtOnce' in outcome) return `it threw at once: ${wrongError(outcome.error) ?? outcome.error}`
  if ('error' in outcome) return wrongError(outcome.error)
  const { given } = outcome
  const [inBulk] = errorsIn(given)
  if (inBulk) return wrongError(inBulk)
  if (showsCanary(given)) return 'it gave something of the bystander'
  if (!mayTake(slot, payload)) return 'it was taken'
  const isText = slot.isKept && typeof value === 'string' && value !== ''
  if (isText && !holds(given, value)) return `it was stored as another text by ${template.verb}`
  return undefined
}
