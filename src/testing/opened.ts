import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'

/** How to close each store that is open. */
const opened = new Set<() => Promise<void>>()

/**
 * The same store, for `closeOpened` to close if nobody else does.
 * @param end is called once, when it is closed
 */
export function closedAtTheLatest<S extends Shapes>(
  store: DialogueStore<S>,
  end: () => Promise<void>,
): DialogueStore<S> {
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= store
      .close()
      .then(end)
      .finally(() => opened.delete(close))
    return closing
  }
  opened.add(close)
  return { ...store, close, [Symbol.asyncDispose]: close }
}

/** Closes all of them, also when one fails. */
export const closeOpened = (): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled([...opened].map((close) => close()))
