import { openDatabase } from '../../database.ts'
import type { Attempt, Part } from '../../part.ts'
import { missingFrom } from '../../rig/missing.ts'
import { openVerbs } from '../../rig/verbs.ts'
import { tryForeign } from './foreign.ts'
import { injectInto, type World } from './inject.ts'
import { openingTemplate } from './opening.ts'
import { PLANTED, planted } from './plants.ts'
import { CANARY, makePerson } from './scene.ts'
import { TABLE, TEMPLATES } from './table/index.ts'
import type { CallVerb } from './table/template.ts'

export const injection: Part = {
  name: 'injection',
  about:
    'payloads at every place of every verb, and cursors and ids of others: nothing of a bystander is read or changed',
  minutes: 4,
  plants: {
    'foreign-read': 'a verb gives what is the bystander’s',
    'foreign-write': 'a verb changes what is the bystander’s',
    polluted: 'a verb changes Object.prototype',
    untyped: 'a verb ends with a TypeError',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, tally, plant } = attempt
  const { uri, dbName, db, open } = await openDatabase('injection', attempt)
  /* Nothing of the bystander's is evicted, however long the attackers' texts are. */
  const store = await open({ retention: { kind: 'rolling' } })
  const bystander = await makePerson(store, CANARY)
  const verbs = (await openVerbs(store, attempt.defer)).verbsOf(store)
  /* What is due is everybody's: the bystander's is not any more. */
  await callOf(verbs)('calendar.push', [{}])
  const call = planted(callOf(verbs), plant, store, bystander)
  const makeAttacker = () => makePerson(store, 'own')
  const world = { db, bystander, store, verbs: Object.keys(verbs), call, round: 0, makeAttacker }
  if (plant !== undefined) {
    const [template] = TEMPLATES.filter(({ verb }) => verb === PLANTED)
    if (template) await injectInto(template, 'payloads in the verbs of users', world, tally)
    return
  }
  for (let round = 0; round === 0 || !over.aborted; round++) {
    await tryTable({ ...world, round }, tally)
    const opening = openingTemplate(uri, dbName)
    await injectInto(opening, 'payloads in the options of openStore', { ...world, round }, tally)
    await tryForeign({ ...world, round }, tally)
  }
}

const TX_ROUNDS = 4

/** The table, outside of transactions and inside. */
async function tryTable(
  world: World & { verbs: string[]; round: number },
  tally: Attempt['tally'],
): Promise<void> {
  const { verbs } = world
  const what = 'verbs that are in the table'
  tally.tried(what, verbs.length)
  const tried = TEMPLATES.flatMap(({ verb }) => [verb, `tx.${verb}`])
  for (const verb of missingFrom(tried, verbs)) tally.lost(what, `${verb} is missing`)
  for (const [about, templates] of Object.entries(TABLE)) {
    for (const template of templates)
      await injectInto(template, `payloads in the verbs of ${about}`, world, tally)
  }
  const call: CallVerb = (verb, args) => world.call(`tx.${verb}`, args)
  const ofTransactions = TEMPLATES.filter(({ verb }) => verbs.includes(`tx.${verb}`))
  /* They take longest: a part of them in each round. */
  for (const template of ofTransactions.filter((_, i) => i % TX_ROUNDS === world.round % TX_ROUNDS))
    await injectInto(template, 'payloads in the verbs of a transaction', { ...world, call }, tally)
}

const callOf =
  (verbs: object): CallVerb =>
  (verb, args) => {
    const called: unknown = Reflect.get(verbs, verb)
    if (typeof called !== 'function') throw new Error(`There is no verb ${verb}`)
    return called(...args)
  }
