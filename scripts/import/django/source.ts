import { isPlainObject } from '../../../src/json.ts'
import { untilFault } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import { type Item, type Kind, type Remark, remark } from '../item.ts'
import { readJson } from '../json.ts'
import { createLocalTimes, type LocalTimes } from '../local-times.ts'
import { eventOf } from './events.ts'
import { createAudios, messageOf } from './messages.ts'
import { contextFields, type DjangoObject, djangoObject, modifiedOf } from './objects.ts'
import { userOf } from './users.ts'

/** Objects come in any order, and refer to others by keys: what the first pass has to find out of all of them. */
interface Survey {
  /** By the user's key. */
  phones: Map<string, string>
  /** Which one is the latest, of each user. */
  contexts: Map<string, { pk: string; modified: string }>
  audios: ReturnType<typeof createAudios>
}

/** What `manage.py dumpdata` has written of the models of the bot, as JSON or JSONL. Reads the file twice. */
export async function* readDjango(file: SourceFile, path: string, timezone: string): AsyncGenerator<Item> {
  const survey: Survey = { phones: new Map(), contexts: new Map(), audios: createAudios() }
  for await (const one of untilFault(readObjects(file, path))) if (isObject(one)) yield* surveyed(one, survey)
  const read = createReading(survey, createLocalTimes(timezone))
  for await (const one of readObjects(file, path)) yield* isObject(one) ? read(one) : [one]
  for (const pk of survey.audios.left())
    yield remark('others', 'left out', 'audio of a message that is not in the file', `audio ${pk}`)
}

async function* readObjects(file: SourceFile, path: string): AsyncGenerator<DjangoObject | Remark> {
  let count = 0
  for await (const { value } of readJson(file, [path])) {
    count++
    const parsed = djangoObject.safeParse(value)
    yield parsed.data ?? remark('others', 'refused', 'not an object of dumpdata', `object ${count}`)
  }
}

const isObject = (one: DjangoObject | Remark): one is DjangoObject => 'fields' in one

/** `core.message` → `message`, whatever the app is called. */
const modelOf = ({ model }: DjangoObject): string => model.slice(model.indexOf('.') + 1)
const placeOf = ({ model, pk }: DjangoObject): string => `${model} ${pk}`

function* surveyed(one: DjangoObject, { phones, contexts, audios }: Survey): Generator<Item> {
  const { pk, fields } = one
  const model = modelOf(one)
  if (model === 'audio' && !audios.add(pk, fields))
    yield remark('others', 'refused', 'its fields are not those of an audio', placeOf(one))
  if (model === 'dialoguecontext') {
    const { user, ...rest } = contextFields.safeParse(fields).data ?? {}
    const modified = modifiedOf(rest)
    if (user && modified >= (contexts.get(user)?.modified ?? '')) contexts.set(user, { pk, modified })
  }
  if (model !== 'user') return
  const items = userOf(one, placeOf(one))
  if (!items) return yield remark('users', 'left out', 'without a phone number', placeOf(one))
  phones.set(pk, items[0].identity.id)
  yield* items
}

/** What each object but users gives, when all of them were surveyed. */
function createReading({ phones, contexts, audios }: Survey, localTimes: LocalTimes) {
  const models: Record<string, (one: DjangoObject, owner: Owner, place: string) => Iterable<Item>> = {
    message: (one, { owner, phone }, place) => {
      const message = messageOf(one, { audios, localTimes, phone })
      return [
        'reason' in message
          ? remark('messages', message.outcome, message.reason, place)
          : { kind: 'messages', owner, message, place },
      ]
    },
    event: (one, { owner, phone }, place) => {
      const items = eventOf(one, { owner, phone, localTimes, place })
      return 'reason' in items ? [remark('events', 'refused', items.reason, place)] : items
    },
    dialoguecontext: ({ pk, fields }, { owner }, place) => {
      if (contexts.get(owner)?.pk !== pk)
        return [remark('contexts', 'left out', 'older than another one of the same user', place)]
      const data = contextOf(fields.context)
      return [
        data ? { kind: 'contexts', owner, data, place } : remark('contexts', 'left out', 'empty', place),
      ]
    },
  }

  return function* read(one: DjangoObject): Generator<Item> {
    const [model, place] = [modelOf(one), placeOf(one)]
    if (model === 'user' || model === 'audio') return
    const known = models[model]
    const kind = KINDS[model]
    if (!known || !kind)
      return yield remark('others', 'left out', 'of a model that the bot does not have', place)
    const owner = ownerOf(one.fields.user)
    const phone = phones.get(owner)
    if (phone === undefined) return yield remark(kind, 'left out', 'of a user who is not in the file', place)
    yield* known(one, { owner, phone }, place)
  }
}

interface Owner {
  owner: string
  phone: string
}

const KINDS: Record<string, Kind> = { message: 'messages', event: 'events', dialoguecontext: 'contexts' }
const ownerOf = (user: unknown): string =>
  typeof user === 'number' || typeof user === 'string' ? String(user) : ''

/** A context is an object; anything else becomes one. */
function contextOf(value: unknown): object | undefined {
  if (value === null || value === undefined || value === '') return undefined
  const data = isPlainObject(value) ? value : { context: value }
  return Object.keys(data).length > 0 ? data : undefined
}
