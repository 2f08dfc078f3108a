import { z } from 'zod'
import { type DialogueStore, DialogueStoreError, openStore } from '../../../../src/index.ts'
import { glance } from '../../../../src/input.ts'
import type { Template } from './table/template.ts'

/**
 * The options of a store, for payloads. It only checks what is there: a name that is right would make a database
 * otherwise.
 */
export const openingTemplate = (uri: string, dbName: string): Template => ({
  verb: 'openStore',
  args: () => [
    {
      ...{ uri, dbName, prefix: 'dialogue_', migrate: 'check', timeoutMs: 20_000, maxQueuedBytes: 2 ** 20 },
      retention: { kind: 'rolling', maxAgeMs: 2 ** 40, maxPerUser: 2 ** 40 },
      shapes: { context: z.looseObject({}), userData: z.looseObject({}) },
    },
  ],
  call: async (_, args) => {
    try {
      const store: DialogueStore = await Reflect.apply(openStore, undefined, args)
      await store.close()
      return 'opened'
    } catch (error) {
      /* A right URI, where nobody is. */
      if (isElsewhere(args, uri) && error instanceof DialogueStoreError && error.code === 'UNAVAILABLE')
        return 'asked'
      throw error
    }
  },
})

const isElsewhere = ([options]: unknown[], uri: string): boolean =>
  glance(() => typeof Object(options).uri === 'string' && Object(options).uri !== uri) ?? false
