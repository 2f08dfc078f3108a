import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'

/** How to close each store that is open, or about to be. */
const opened = new Set<() => Promise<void>>()

/**
 * The same store, for `closeOpened` to close if nobody else does, from the moment that its opening begins.
 * @param end is called once, when it is closed
 */
export async function closedAtTheLatest<S extends Shapes>(
  opening: Promise<DialogueStore<S>>,
  end: () => Promise<void>,
): Promise<DialogueStore<S>> {
  let store: DialogueStore<S> | undefined
  let closing: Promise<void> | undefined
  const closeStore = (one: DialogueStore<S>) => one.close().finally(end)
  const close = () => {
    /* An open store takes nothing more from this moment on. Of one that does not open, whoever opens it is told. */
    closing ??= (store ? closeStore(store) : opening.then(closeStore, () => {})).finally(() =>
      opened.delete(close),
    )
    return closing
  }
  opened.add(close)
  try {
    store = await opening
  } catch (error) {
    opened.delete(close)
    throw error
  }
  return { ...store, close, [Symbol.asyncDispose]: close }
}

/** Closes all of them, also when one fails. */
export const closeOpened = (): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled([...opened].map((close) => close()))
