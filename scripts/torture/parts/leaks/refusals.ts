import { z } from 'zod'
import type { DialogueStore } from '../../../../src/index.ts'
import type { Random } from '../../../lib/random.ts'
import { type Call, make } from './call.ts'
import { callsFor } from './calls.ts'
import type { Look } from './look.ts'
import { textOf } from './marks.ts'
import { POISONS, placesIn, replaced } from './poison.ts'
import { jsonOf, makeSubject, newEvent, newMessage, newUser, type Subject } from './subject.ts'

const WRONG = 'wrong arguments'
const REFUSED_BY_SHAPE = "what callers' shapes refuse"
const CALLBACKS = "callers' functions that throw"

/** Calls with something wrong in one place, so many. */
export async function tryWrong(
  { store, verbsOf }: { store: DialogueStore; verbsOf(store: DialogueStore): object },
  random: Random,
  look: Look,
  times: number,
): Promise<void> {
  const subject = await makeSubject(store)
  const verbs = verbsOf(store)
  for (let i = 0; i < times; i++) {
    const call = random.pick(callsFor(subject, verbs))
    const places = placesIn(call.args)
    if (places.length === 0) continue
    const place = random.pick(places)
    const poison = random.pick(Object.keys(POISONS))
    const args = replaced(call.args, place, POISONS[poison]?.())
    if (!Array.isArray(args)) throw new Error('arguments are a list')
    const title = `${call.verb}, with ${poison} at ${place.join('.')}`
    await look.at(WRONG, title, () => make(verbs, { ...call, args }))
  }
}

const kind = z.strictObject({
  kind: z.enum(['a', 'b']),
  list: z.array(z.int().positive()).optional(),
  when: z.iso.datetime().optional(),
  more: z.record(z.string().max(3), z.literal('x')).optional(),
  either: z.union([z.number(), z.strictObject({ x: z.email() })]).optional(),
  checked: z.custom<string>((value) => typeof value !== 'string' || thrown(value)).optional(),
})

const thrown = (value: string): never => {
  throw Object.assign(new Error(value, { cause: new Error(value) }), {
    name: value,
    code: value,
    codeName: value,
    labels: [value],
    errorLabels: [value],
    note: value,
  })
}

/** For a store whose caller has such shapes. */
export const SHAPES = { context: kind, metadata: kind, userData: kind, eventData: kind }

const MISSHAPED: Record<string, () => object> = {
  'an unknown value': () => ({ kind: textOf('Kind') }),
  'an unknown key': () => ({ kind: 'a', ...jsonOf('Shape') }),
  'another type': () => ({ kind: 'a', list: [textOf('List'), { text: textOf('List') }] }),
  'another format': () => ({ kind: 'a', when: textOf('When') }),
  'a key that is too long': () => ({ kind: 'a', more: jsonOf('Record') }),
  'neither of two': () => ({ kind: 'a', either: { x: textOf('Union') } }),
  'what makes it throw': () => ({ kind: 'a', checked: textOf('Checked') }),
}

const IN_FIELDS: Record<string, (subject: Subject, json: object) => Call> = {
  userData: (_, data) => ({ verb: 'createUser', args: [{ ...newUser(), data }] }),
  'userData, changed': ({ userId }, data) => ({ verb: 'updateUser', args: [userId, { data }] }),
  metadata: ({ userId }, metadata) => ({ verb: 'storeMessage', args: [{ ...newMessage(userId), metadata }] }),
  'metadata, of many': ({ userId }, metadata) => ({
    verb: 'storeMessages',
    args: [[{ ...newMessage(userId), metadata }]],
  }),
  'metadata, changed': ({ userId, messageId }, metadata) => ({
    verb: 'updateMessage',
    args: [userId, messageId, { metadata }],
  }),
  context: ({ userId }, data) => ({ verb: 'storeContext', args: [userId, data] }),
  'context, merged': ({ userId }, patch) => ({ verb: 'mergeContext', args: [userId, patch] }),
  'context, changed': ({ userId }, data) => ({ verb: 'updateContext', args: [userId, () => data] }),
  eventData: ({ userId }, data) => ({ verb: 'storeEvent', args: [{ ...newEvent(userId), data }] }),
  'eventData, changed': ({ eventId }, data) => ({ verb: 'updateEvent', args: [eventId, { data }] }),
}

/** @param plain a store on the same database, without shapes */
export async function tryShapes(shaped: DialogueStore, plain: DialogueStore, look: Look): Promise<void> {
  const subject = await makeSubject(plain)
  for (const [field, call] of Object.entries(IN_FIELDS)) {
    for (const [wrong, json] of Object.entries(MISSHAPED))
      await look.at(REFUSED_BY_SHAPE, `${field}, ${wrong}`, () => make(shaped, call(subject, json())))
  }
}

/** What the caller's own functions throw comes back as it was, and is not logged. */
export async function tryCallbacks(store: DialogueStore, look: Look): Promise<void> {
  const { userId } = await makeSubject(store)
  const own = Object.assign(new Error(textOf('Callback')), { code: textOf('Callback') })
  for (const failure of [own, textOf('Text'), { text: textOf('Object') }]) {
    const fail = () => Promise.reject(failure)
    const calls: [string, () => Promise<unknown>][] = [
      ['updateUser', () => store.updateUser(userId, fail)],
      ['updateContext', () => store.updateContext(userId, fail)],
      ['withUserLock', () => store.withUserLock(userId, fail)],
      ['withTransaction', () => store.withTransaction(fail)],
      ['tx.updateUser', () => store.withTransaction((tx) => tx.updateUser(userId, fail))],
      ['tx.updateContext', () => store.withTransaction((tx) => tx.updateContext(userId, fail))],
      ['iterateHistory', () => leftBy(store.iterateHistory(userId), failure)],
      [
        'followMessages',
        () =>
          store
            .followMessages({ signal: AbortSignal.abort(failure) })
            [Symbol.asyncIterator]()
            .next(),
      ],
    ]
    for (const [title, call] of calls) await look.at(CALLBACKS, title, call, { thrown: failure })
  }
}

async function leftBy(items: AsyncIterable<unknown>, failure: unknown): Promise<void> {
  for await (const _ of items) throw failure
}
