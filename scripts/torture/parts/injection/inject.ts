import type mongoose from 'mongoose'
import type { Attempt } from '../../part.ts'
import { errorsIn, holds, type Outcome, outcomeOf, showsCanary, wrongError } from './outcome.ts'
import { PAYLOADS, type Payload } from './payloads.ts'
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

/** Every payload at every place of a verb's call. What is the bystander's is looked at after each place. */
export async function injectInto(
  template: Template,
  what: string,
  { call, ...world }: World,
  tally: Attempt['tally'],
): Promise<void> {
  const attacker = await world.makeAttacker()
  for (const slot of slotsOf(template, template.args(attacker))) {
    await guarded(world, tally, what, nameOf(template, slot), async () => {
      const payloads = payloadsFor(template, slot)
      for (let i = 0; i < payloads.length; i += AT_ONCE) {
        await Promise.all(
          payloads.slice(i, i + AT_ONCE).map(async (payload) => {
            const value = payload.make(world.bystander, attacker)
            const args = injected(template.args(attacker), slot.path, value)
            const invoke = () => (template.call ?? ((verb, all) => verb(template.verb, all)))(call, args)
            const outcome = await outcomeOf(invoke)
            const wrong = wrongWith(template, slot, payload, value, outcome)
            if (wrong) tally.lost(what, `${nameOf(template, slot)}, ${payload.name}: ${wrong}`)
          }),
        )
      }
      tally.tried(what, payloads.length)
    })
  }
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

/** Without options, some verbs are about everybody, and rightly so. */
const payloadsFor = ({ isOfAll }: Template, { path }: Slot): Payload[] =>
  PAYLOADS.filter(
    ({ kind }) => !(isOfAll && path.length === 1 && (kind === 'absent' || kind === 'empty object')),
  )

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
