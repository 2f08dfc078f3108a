import type { Course } from './course.ts'
import { BOOKED } from './turns.ts'

/** The course in which faults are committed. */
export const PLANTED = 'withTransaction, a turn ('

/**
 * Comes between a caller and the store.
 * @param value what the call gives where nothing fails
 */
export type Meddler = (call: () => Promise<unknown>, course: Course, value: unknown) => Promise<unknown>

export const honest: Meddler = (call) => call()

export const MEDDLERS: Record<string, Meddler> = {
  async silent(_call, _course, value) {
    return value
  },
  half: (call, { db }) =>
    call().finally(() => db.collection('dialogue_events').deleteOne({ summary: BOOKED })),
  async untyped(call) {
    await call()
    throw new Error('This is no error of the store.')
  },
}
