import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
beforeAll(async () => {
  store = await makeStore()
})

describe('ensureUser', () => {
  test('creates one user when a hundred first messages race', async () => {
    const identity = { provider: 'whatsapp', id: '+5511999990000' }
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => store.ensureUser(identity)))
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(outcomes.map(({ user }) => user.id)).size).toBe(1)
  })
})
