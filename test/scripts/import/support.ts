import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, jest } from '@jest/globals'
import type mongoose from 'mongoose'
import type { SourceFile } from '../../../scripts/import/file.ts'
import type { Item } from '../../../scripts/import/item.ts'
import { openSource, type SourceOptions } from '../../../scripts/import/open.ts'
import { createTally, type Tally } from '../../../scripts/import/tally.ts'
import { storeTarget, trialTarget } from '../../../scripts/import/target.ts'
import { transfer } from '../../../scripts/import/transfer.ts'
import { createWriter } from '../../../scripts/import/writer.ts'
import type { DialogueStore } from '../../../src/index.ts'

/* Commands are started and waited for, which takes a slow machine its time. */
jest.setTimeout(240_000)

export const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A file of that name, gone when the tests of the file end. */
export async function makeFile(name: string, content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'import-'))
  folders.push(folder)
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** A file that is nowhere: its text is made while it is read. */
export const virtualFile = (name: string, text: () => Iterable<string>): SourceFile => ({
  name,
  size: 0,
  async *bytes() {
    for (const part of text()) yield Buffer.from(part)
  },
})

const NEEDS = { begin: () => () => {}, defer: () => {} }
const open = (path: string, options: SourceOptions) => openSource(path, { ...options }, NEEDS)

export async function itemsOf(path: string, options: SourceOptions = {}): Promise<Item[]> {
  return collect((await open(path, options)).items)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What the command does, in this process; without a store, as with `--dry-run`. */
export async function importInto(
  store: DialogueStore | undefined,
  path: string,
  options: SourceOptions = {},
): Promise<{ tally: Tally; fault: Error | undefined }> {
  const tally = createTally()
  const writer = createWriter(store ? storeTarget(store) : trialTarget, tally)
  const { items } = await open(path, options)
  const fault = await transfer(items, writer, { signal: new AbortController().signal, onItem: () => {} })
  return { tally, fault }
}

/** The reasons of a tally, in short: `3 messages left out: without text`. */
export const reasonsIn = (tally: Tally): string[] =>
  tally.reasons().map(({ count, of, outcome, reason }) => `${count} ${of} ${outcome}: ${reason}`)

/** All that an import stores, without what two runs cannot have in common. */
export async function storedIn(db: mongoose.mongo.Db) {
  const read = async (name: string) => {
    const all = await db.collection(`dialogue_${name}`).find().sort({ _id: 1 }).toArray()
    return all.map(({ createdAt, updatedAt, op, ops, touches, filledBy, ...rest }) => rest)
  }
  const contexts = (await read('contexts')).map(({ _id, ...rest }) => rest)
  return {
    users: await read('users'),
    messages: await read('messages'),
    events: await read('events'),
    contexts: contexts.sort((a, b) => String(a.userId).localeCompare(String(b.userId))),
  }
}

/** What was said to or by somebody: `user: Hello`. */
export async function historyOf(store: DialogueStore, provider: string, id: string): Promise<string[]> {
  const user = await store.findUser({ provider, id })
  const messages = user ? await collect(store.iterateHistory(user.id)) : []
  return messages.map(({ sender, content }) => `${sender}: ${content}`)
}
