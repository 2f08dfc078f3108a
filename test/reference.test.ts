import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from '@jest/globals'
import type { z } from 'zod'
import { readOptions, writeOptions } from '../src/contexts/schema.ts'
import * as events from '../src/events/schema.ts'
import * as messages from '../src/messages/schema.ts'
import * as users from '../src/users/schema.ts'

/* docs/REFERENCE.md tells what the schemas take: a field that is added has to be told, too. */

const TAKEN: [verb: string, of: z.ZodObject][] = [
  ['createUser', users.newUser],
  ['updateUser', users.userPatch],
  ['updateUser', users.updateOptions.unwrap()],
  ['listUsers', users.userFilter.unwrap()],
  ['storeMessage', messages.newMessage],
  ['updateMessage', messages.messagePatch],
  ['retrieveHistory', messages.historyOptions],
  ['storeContext', writeOptions.unwrap()],
  ['retrieveContext', readOptions.unwrap()],
  ['storeEvent', events.newEvent],
  ['updateEvent', events.eventPatch],
  ['retrieveEvents', events.eventFilter],
]

let sections: string[]
beforeAll(async () => {
  const page = await readFile(fileURLToPath(new URL('../docs/REFERENCE.md', import.meta.url)), 'utf8')
  sections = page.split('\n## ').slice(1)
})

/** Every word of code in the section that tells of a verb. */
function toldOf(verb: string): string[] {
  const section = sections.find((one) => one.includes(verb)) ?? ''
  return [...section.matchAll(/`[^`]+`/g)].flatMap(([code]) => code.match(/\w+/g) ?? [])
}

test.each(TAKEN)('the reference tells what %s takes', (verb, { shape }) => {
  const told = toldOf(verb)
  expect(Object.keys(shape).filter((field) => !told.includes(field))).toEqual([])
})
