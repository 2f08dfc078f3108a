import { describe, expect, test } from '@jest/globals'
import { injection } from '../../scripts/torture/parts/injection/index.ts'
import { PAYLOADS } from '../../scripts/torture/parts/injection/payloads.ts'
import type { Person } from '../../scripts/torture/parts/injection/scene.ts'
import { TEMPLATES } from '../../scripts/torture/parts/injection/table/index.ts'
import { missingFrom } from '../../scripts/torture/rig/missing.ts'
import { readOptions, writeOptions } from '../../src/contexts/schema.ts'
import * as events from '../../src/events/schema.ts'
import { versionOptions } from '../../src/input.ts'
import * as messages from '../../src/messages/schema.ts'
import * as users from '../../src/users/schema.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

test(
  'nothing of a bystander is read or changed, and every error is typed',
  () => expectNothingLost(injection, 1),
  240_000,
)

test.each(Object.keys(injection.plants))(
  'a fault is found: %s',
  async (plant) => {
    expect(await lossesOf(injection, plant)).not.toEqual([])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  },
  120_000,
)

const ANYBODY: Person = {
  ...{ userId: 'x', identity: { provider: 'x', id: 'x' }, email: 'x', messageId: 'x', voiceId: 'x' },
  ...{ eventId: 'x', externalId: 'x', conversationId: 'x', cursor: 'x', older: 'x', newer: 'x' },
  ...{ covers: 'x', live: 'x', resume: 'x', usersCursor: 'x', eventsCursor: 'x' },
}

/** What the verbs take, by argument, as their own schemas say. */
const TAKEN: [string, number, object][] = [
  ['createUser', 0, users.newUser.shape],
  ['findUser', 0, users.identity.shape],
  ['ensureUser', 1, users.userDefaults.unwrap().shape],
  ['updateUser', 1, users.userPatch.shape],
  ['updateUser', 2, users.updateOptions.unwrap().shape],
  ['listUsers', 0, users.userFilter.unwrap().shape],
  ['storeMessage', 0, messages.newMessage.shape],
  ['retrieveHistory', 1, messages.historyOptions.shape],
  ['iterateHistory', 1, messages.iterateOptions.shape],
  ['updateMessage', 2, messages.messagePatch.shape],
  ['storeContext', 2, writeOptions.unwrap().shape],
  ['retrieveContext', 1, readOptions.unwrap().shape],
  ['storeEvent', 0, events.newEvent.shape],
  ['getEvent', 1, events.getOptions.unwrap().shape],
  ['updateEvent', 1, events.eventPatch.shape],
  ['updateEvent', 2, versionOptions.unwrap().shape],
  ['retrieveEvents', 0, events.eventFilter.shape],
]

describe('the table', () => {
  test.each(TAKEN)('has everything that %s takes as argument %i', (verb, index, shape) => {
    const given = TEMPLATES.filter((one) => one.verb === verb).map((one) => one.args(ANYBODY)[index])
    const tried = new Set(given.flatMap((argument) => Object.keys(Object(argument))))
    expect(Object.keys(shape).filter((key) => !tried.has(key))).toEqual([])
  })

  test('would miss a verb that nobody tries', () => {
    const tried = TEMPLATES.map(({ verb }) => verb)
    expect(missingFrom(tried, ['getUser', 'close', 'forgetUser'])).toEqual(['forgetUser'])
  })

  test('has payloads of many kinds', () => {
    expect(PAYLOADS.length).toBeGreaterThan(80)
    expect(new Set(PAYLOADS.map(({ name }) => name)).size).toBe(PAYLOADS.length)
  })
})
