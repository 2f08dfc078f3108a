import { invalidInput } from '../errors.ts'
import { exactJson, type JsonObject } from '../json.ts'

/**
 * What the Bot Framework's own storages keep: what `JSON.stringify` makes of it, dates as text.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function frameworkJson(value: object, path: (string | number)[]): JsonObject {
  let plain: unknown
  try {
    plain = JSON.parse(JSON.stringify(value))
  } catch (error) {
    throw invalidInput([{ path, reason: 'cannot be said in JSON' }], error)
  }
  return exactJson(plain, path)
}
