import type { DialogueStore, JsonObject, JsonValue } from '../../../src/index.ts'
import { altered, type Fault, faultsOf } from './fault.ts'

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same JSON, each value of it changed. */
function mapped(value: JsonValue, change: (value: JsonValue) => JsonValue): JsonValue {
  if (Array.isArray(value)) return change(value.map((item) => mapped(item, change)))
  if (!isObject(value)) return change(value)
  const entries = Object.entries(value).map(([key, inner]) => [key, mapped(inner, change)])
  return change(Object.fromEntries(entries))
}

/** Contexts come back in another form than they went in. */
const reading =
  (change: (value: JsonValue) => JsonValue) =>
  (store: DialogueStore): Partial<DialogueStore> => ({
    retrieveContext: altered(store.retrieveContext, (context) => {
      const data = mapped(context.data, change)
      return { ...context, data: isObject(data) ? data : {} }
    }),
  })

export const jsonFaults: Fault[] = [
  ...faultsOf('JSON', {
    'comes back exactly as it went in, by every verb': {
      'minus zero comes back as zero': reading((value) => (value === 0 ? 0 : value)),
      'keys come back in alphabetical order': reading((value) =>
        isObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
      ),
      'keys with dots or dollars are changed': reading((value) =>
        isObject(value)
          ? Object.fromEntries(
              Object.entries(value).map(([key, inner]) => [key.replaceAll(/[.$]/g, '_'), inner]),
            )
          : value,
      ),
      'an own __proto__ is lost': reading((value) => (isObject(value) ? Object.assign({}, value) : value)),
      'empty objects are lost': reading((value) =>
        isObject(value)
          ? Object.fromEntries(
              Object.entries(value).filter(([, inner]) => !isObject(inner) || Object.keys(inner).length > 0),
            )
          : value,
      ),
    },
    'that would not come back is refused by its place, and nothing changes': {
      'what JSON cannot say is stored as JSON.stringify has it': (store) => ({
        storeContext: (userId, data, options) =>
          store.storeContext(
            userId,
            JSON.parse(JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? `${value}` : value))),
            options,
          ),
      }),
    },
    'may be 90 levels deep, and no deeper': {
      'JSON may be twenty levels deep': (store) => ({
        storeContext: (userId, data, options) => {
          const levels = JSON.stringify(data).replaceAll(/[^[{]/g, '').length
          return store.storeContext(userId, levels > 20 ? ('too deep' as never) : data, options)
        },
      }),
    },

    'that is undefined is absent in an object': {
      'undefined is null': (store) => ({
        storeContext: (userId, data, options) =>
          store.storeContext(
            userId,
            JSON.parse(JSON.stringify(data, (_, value) => (value === undefined ? null : value))),
            options,
          ),
      }),
    },
    'is an object': {
      'a text may be a context': (store) => ({
        storeContext: (userId, data, options) => store.storeContext(userId, { ...data }, options),
      }),
    },
  }),
]
