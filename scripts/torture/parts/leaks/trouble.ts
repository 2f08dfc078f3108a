import { MODELS } from '../../../../src/migrations/baseline.ts'
import type { Fate } from '../../../calendar-server/index.ts'
import type { Random } from '../../../lib/random.ts'
import { freeze } from '../../rig/freeze.ts'
import { besideCalls } from './beside.ts'
import { make } from './call.ts'
import { callsFor } from './calls.ts'
import type { Look } from './look.ts'
import { textOf } from './marks.ts'
import { makeSubject, newEvent, newMessage, newUser } from './subject.ts'
import type { World } from './world.ts'

const REFUSED = "what the server's validators and indexes refuse"
const FAILING = 'a server that fails commands'
const FROZEN = 'a frozen server'
const KILLED = 'a killed server'

/** What the server says quotes the caller's texts, or could. */
const FAILURES: Record<string, object> = {
  'a closed connection': { closeConnection: true },
  'a shutdown': { errorCode: 91 },
  'a conflict': { errorCode: 112 },
  'a new primary': { errorCode: 11602 },
  'a time limit': { errorCode: 50 },
  'no rights': { errorCode: 13 },
  'a bad value': { errorCode: 2 },
  'a duplicate': {
    errorCode: 11000,
    errorExtraInfo: { keyPattern: { identities: 1 }, keyValue: { identities: textOf('Key') } },
  },
  'what is too large': { errorCode: 10334 },
  'what is no replica set': { errorCode: 20 },
  'a lost majority': {
    writeConcernError: { code: 64, errmsg: textOf('Message'), errInfo: { note: textOf('Info') } },
  },
  'what is slow': { blockConnection: true, blockTimeMS: 600 },
}

/** Every verb at once. An erasure goes on for as long as somebody may hold the user: so it is waited for at the end. */
async function everyVerb({ store, hasty, verbsOf }: World, look: Look, what: string, title: string) {
  const verbs = verbsOf(hasty)
  const calls = callsFor(await makeSubject(store), verbs)
  let erasure: Promise<unknown> | undefined
  return {
    async short(): Promise<void> {
      const ends = calls.map((call) => {
        const end = look.at(what, `${call.verb}, ${title}`, () => make(verbs, call))
        if (call.verb === 'deleteUser') erasure = end
        return call.verb === 'deleteUser' ? undefined : end
      })
      await Promise.all(ends)
    },
    ended: async () => void (await erasure),
  }
}

/** Every verb, while all commands fail. */
export async function tryFailing(world: World, random: Random, look: Look, kinds: number): Promise<void> {
  for (const [kind, failure] of random.shuffle(Object.entries(FAILURES)).slice(0, kinds)) {
    const every = await everyVerb(world, look, FAILING, kind)
    await world.failing(failure, every.short)
    await every.ended()
  }
}

const VALIDATED = MODELS.map(({ collection }) => collection)

/** A validator of somebody else refuses every document, and quotes it. */
export async function tryValidators({ db, store, verbsOf }: World, look: Look): Promise<void> {
  const subject = await makeSubject(store)
  const verbs = verbsOf(store)
  const before = await Promise.all(VALIDATED.map((name) => db.collection(`dialogue_${name}`).options()))
  const change = (name: string, validator: object) => db.command({ collMod: `dialogue_${name}`, validator })
  for (const name of VALIDATED) await change(name, { never: { $exists: true } })
  try {
    for (const call of callsFor(subject, verbs))
      await look.at(REFUSED, `${call.verb}, where nothing is valid`, () => make(verbs, call))
  } finally {
    for (const [i, name] of VALIDATED.entries()) await change(name, before[i]?.validator ?? {})
  }
}

/** Unique indexes refuse what somebody else has, and quote it. */
export async function tryDuplicates({ store }: World, look: Look): Promise<void> {
  const [first, second] = [newUser(), newUser()]
  const { id: firstId } = await store.createUser(first)
  const { id: secondId } = await store.createUser(second)
  const said = (await store.storeMessage(newMessage(firstId))).message.id
  const { event } = await store.storeEvent(newEvent(firstId))
  const addIdentities = first.identities
  const calls: [string, () => Promise<unknown>][] = [
    ['createUser', () => store.createUser({ ...newUser(), identities: addIdentities })],
    ['updateUser', () => store.updateUser(secondId, { addIdentities })],
    [
      'tx.createUser',
      () => store.withTransaction((tx) => tx.createUser({ ...newUser(), identities: addIdentities })),
    ],
    ['tx.updateUser', () => store.withTransaction((tx) => tx.updateUser(secondId, { addIdentities }))],
    [
      'ensureUser',
      () => store.ensureUser(newUser().identities[0] ?? { provider: 'x', id: 'x' }, { id: firstId }),
    ],
    ['storeMessage', () => store.storeMessage({ ...newMessage(secondId), id: said })],
    ['storeEvent', () => store.storeEvent({ ...newEvent(secondId), id: event.id })],
    [
      'tx.storeEvent',
      () => store.withTransaction((tx) => tx.storeEvent({ ...newEvent(secondId), id: event.id })),
    ],
  ]
  for (const [title, call] of calls) await look.at(REFUSED, `${title}, of what is taken`, call)
}

/** Every verb, of a server that answers nothing. */
export async function tryFrozen(world: World, look: Look): Promise<void> {
  const every = await everyVerb(world, look, FROZEN, 'meanwhile')
  await freeze(world.pids, every.short)
  await every.ended()
}

/** Every verb while the server goes for good, and afterwards. */
export async function tryKilled({ pids, store, hasty, verbsOf }: World, look: Look): Promise<void> {
  const subject = await makeSubject(store)
  const verbs = verbsOf(hasty)
  const callAll = (title: string) =>
    callsFor(subject, verbs)
      .filter(({ verb }) => verb !== 'deleteUser')
      .map((call) => look.at(KILLED, `${call.verb}, ${title}`, () => make(verbs, call)))
  const during = callAll('meanwhile')
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await Promise.all(during)
  await Promise.all(callAll('afterwards'))
}

const GOOGLE = 'what Google says, and refuses'
/** Of Google's guide to errors, and of no answer at all. */
const STATUSES = [400, 401, 403, 404, 409, 410, 412, 429, 500]
const LOST = ['is lost', 'loses its reply'] as const

/** Google quotes what it was sent. */
export async function tryGoogle({ google, store, verbsOf }: World, look: Look): Promise<void> {
  const fates: Fate[] = [...STATUSES.map((status) => ({ status, reason: textOf('Reason') })), ...LOST]
  const verbs = verbsOf(store)
  for (const fate of fates) {
    const calls = besideCalls(await makeSubject(store)).filter(({ verb }) => verb.startsWith('calendar.'))
    google.judgeBy(() => fate)
    const title = typeof fate === 'string' ? `a request ${fate}` : `${Object(fate).status}`
    for (const call of calls) await look.at(GOOGLE, `${call.verb}, ${title}`, () => make(verbs, call))
    google.judgeBy(() => 'answers')
  }
}
