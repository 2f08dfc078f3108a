import {
  type DialogueStore,
  DialogueStoreError,
  type ErrorCode,
  type HistoryPage,
  type Message,
} from '../../../src/index.ts'

/** A store that does one thing wrong. */
export interface Fault {
  name: string
  /** The case that is to see it, or one of them: `subject: title`. */
  seenBy: string
  /** Wraps a store that is right. */
  plant(store: DialogueStore): DialogueStore
}

type Wrong = (store: DialogueStore) => Partial<DialogueStore>

/** The faults that cases of a subject are to see, by title of a case. */
export const faultsOf = (subject: string, titles: Record<string, Record<string, Wrong>>): Fault[] =>
  Object.entries(titles).flatMap(([title, faults]) =>
    Object.entries(faults).map(([name, wrong]) => ({
      name,
      seenBy: `${subject}: ${title}`,
      plant: (store) => ({ ...store, ...wrong(store) }),
    })),
  )

/** What a call gives, changed. */
export const altered =
  <A extends unknown[], R>(
    verb: (...args: A) => Promise<R>,
    change: (result: R, ...args: A) => R | Promise<R>,
  ) =>
  async (...args: A): Promise<R> =>
    change(await verb(...args), ...args)

/** What a call throws, changed. */
export const failing =
  <A extends unknown[], R>(
    verb: (...args: A) => Promise<R>,
    change: (error: DialogueStoreError, ...args: A) => Error,
  ) =>
  (...args: A): Promise<R> =>
    verb(...args).catch((error: unknown) => {
      throw error instanceof DialogueStoreError ? change(error, ...args) : error
    })

/** The same error, but for some fields. */
export const withFields = (error: DialogueStoreError, fields: object): DialogueStoreError =>
  Object.assign(new DialogueStoreError(error.code, error.message), error, fields)

export const hasCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof DialogueStoreError && error.code === code

/** A page of which other messages are shown. */
export const withMessages =
  (change: (page: HistoryPage<Message['metadata']>) => Message[]) =>
  (page: HistoryPage<Message['metadata']>) => ({ ...page, messages: change(page) })

/** Without what is null, in objects within objects too. */
export const withoutNull = (patch: object): object =>
  Object.fromEntries(
    Object.entries(patch).flatMap(([key, value]) => {
      if (value === null) return []
      const isObject = Object.getPrototypeOf(Object(value)) === Object.prototype
      return [[key, isObject && value ? withoutNull(value) : value]]
    }),
  )

/** Without a field that the types do not know. */
export const without = <T extends object>(input: T, field: string): T => {
  const { [field as keyof T]: _, ...rest } = input
  return rest as T
}
