import { DialogueStoreError } from './errors.ts'

/** The user does not exist, or not any more. */
export const isUserGone = (error: unknown): boolean =>
  error instanceof DialogueStoreError && error.code === 'USER_NOT_FOUND'

/** Works for whoever that is; who is erased meanwhile begins anew, as somebody else. */
export async function forWhoever<U, T>(
  find: () => U | Promise<U>,
  work: (user: U) => Promise<T>,
): Promise<T> {
  while (true) {
    const user = await find()
    try {
      return await work(user)
    } catch (error) {
      if (!isUserGone(error)) throw error
    }
  }
}

/** Of a user who is erased meanwhile there is nothing. */
export async function unlessErased<N, T>(nothing: N, work: () => Promise<T>): Promise<N | T> {
  try {
    return await work()
  } catch (error) {
    if (isUserGone(error)) return nothing
    throw error
  }
}
