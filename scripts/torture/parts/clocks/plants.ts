import type { DialogueStore, Message } from '../../../../src/index.ts'

const onPages = (store: DialogueStore, change: (messages: Message[]) => Message[]): DialogueStore => ({
  ...store,
  async retrieveHistory(...given) {
    const page = await store.retrieveHistory(...given)
    /* Not of whole histories: nobody has to wait for what follows them. */
    const isWhole = given[1]?.limit === 1000
    return page.messages.length < 3 || isWhole ? page : { ...page, messages: change(page.messages) }
  },
})

/** Stores whose pages are wrong. */
export const FAULTS: Readonly<Record<string, (store: DialogueStore) => DialogueStore>> = {
  swapped: (store) =>
    onPages(store, ([first, second, ...rest]) => [second, first, ...rest].filter((one) => one !== undefined)),
  missing: (store) => onPages(store, (messages) => messages.filter((_, i) => i !== 1)),
}
