import { AssertionError, deepEqual, equal, fail, match, ok } from 'node:assert/strict'
import { DialogueStoreError, type ErrorCode } from '../../errors.ts'
import type { DialogueStore, Message } from '../../index.ts'

/** That an object has these fields. It may have others. */
export const has = (actual: object, expected: object): void =>
  deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(actual, key)])), expected)

/** That both say the same JSON to the last: order of keys, own `__proto__`, -0. */
export const sameJson = (actual: unknown, expected: unknown): void =>
  equal(written(actual), written(expected))

const written = (json: unknown): string =>
  JSON.stringify(json, (_, value) => (Object.is(value, -0) ? 'minus zero' : value))

/** What a call threw. */
export const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => fail('the call was to fail, and did not'),
    (error: unknown) => error,
  )

/** That a call fails by an error of this code, which says that nothing was done. */
export async function rejects(
  call: Promise<unknown>,
  code: ErrorCode,
  fields: Partial<DialogueStoreError> = {},
): Promise<DialogueStoreError> {
  const error = await thrownBy(call)
  ok(error instanceof DialogueStoreError, `${code} was expected, not ${error}`)
  equal(error.code, code)
  has(error, { outcome: 'not-applied', retryable: code === 'USER_LOCKED', ...fields })
  match(error.message, /^\p{Lu}.+\.$/su)
  return error
}

/** That a call is refused for what it was given, and that the error names each of these places: `data.list.0`. */
export async function refuses(call: Promise<unknown>, ...places: string[]): Promise<void> {
  const { issues = [] } = await rejects(call, 'INVALID_INPUT')
  ok(issues.length > 0)
  for (const { reason } of issues) ok(reason.length > 0)
  const named = issues.map(({ path }) => path.join('.'))
  for (const place of places)
    ok(
      named.some((path) => `.${path}`.endsWith(`.${place}`)),
      `${place} is wrong, and ${named} was named`,
    )
}

/** All of an iteration. One that goes on for ever ends, too. */
export async function all<T>(items: AsyncIterable<T>, most = 10_000): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) {
    found.push(item)
    ok(found.length <= most, `there are more than ${most}`)
  }
  return found
}

/** The first step of an iteration. */
export const firstOf = <T>(items: AsyncIterable<T>): Promise<IteratorResult<T>> =>
  items[Symbol.asyncIterator]().next()

export const contents = (messages: Pick<Message, 'content'>[]): string[] =>
  messages.map(({ content }) => content)

/** What somebody's history says, oldest first. */
export const history = async (store: DialogueStore, userId: string): Promise<string[]> =>
  contents((await store.retrieveHistory(userId, { limit: 1000 })).messages)

/** What a promise gives, if that takes no longer than an event should, on a slow machine, in a crowd. */
export async function soon<T>(promise: Promise<T>, ms = 30_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AssertionError({ message: `nothing came of it within ${ms} ms` })),
      ms,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
