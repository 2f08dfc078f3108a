import type { GoogleEvent } from './fields.ts'

/* Whose event it is, as a private property: https://developers.google.com/workspace/calendar/api/guides/extended-properties */
const STORE = 'dialogueStore'
const EVENT = 'dialogueStoreEvent'

/**
 * Tells our events at Google from others'. A copy that a person makes of one has another id, and another database has
 * another name.
 */
export const createMark = (store: () => Promise<string>) => ({
  async of(id: string): Promise<GoogleEvent> {
    return { extendedProperties: { private: { [STORE]: await store(), [EVENT]: id } } }
  },
  async isOn({ id, extendedProperties }: GoogleEvent): Promise<boolean> {
    const { [STORE]: marked, [EVENT]: named } = extendedProperties?.private ?? {}
    return typeof id === 'string' && named === id && marked === (await store())
  },
})

export type Mark = ReturnType<typeof createMark>
