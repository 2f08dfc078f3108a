import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { meeting, nested, written } from '../../scripts/lib/json-values.ts'
import type { DialogueStore, JsonObject } from '../../src/index.ts'
import { checkJson, mergePatch } from '../../src/json.ts'
import { makeEvent, makeUser, makeWorld, refusedPaths } from '../support/make.ts'

let store: DialogueStore
beforeAll(async () => {
  ;({ store } = await makeWorld())
})

/* https://www.rfc-editor.org/rfc/rfc7396#appendix-A: original, patch, result. */
const APPENDIX_A: [string, string, string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
]

/** Each example one level down, where its parts may be other things than objects; a null result is a removal. */
const within = (json: string): JsonObject => ({ x: JSON.parse(json) })
const expectedOf = (result: string): JsonObject => (result === 'null' ? {} : within(result))

/** Stores, merges, and gives what is stored then: by the verb's word, and read again. */
async function mergedBy(userId: string, original: JsonObject, patch: object): Promise<JsonObject> {
  await store.storeContext(userId, original)
  const { context } = await store.mergeContext(userId, patch)
  expect(written((await store.retrieveContext(userId)).data)).toBe(written(context.data))
  return context.data
}

describe("RFC 7396's examples", () => {
  test.each(APPENDIX_A)('%s and %s make %s', async (original, patch, result) => {
    const expected = expectedOf(result)
    expect(mergePatch(within(original), within(patch))).toStrictEqual(expected)
    const { id } = await makeUser(store)
    expect(await mergedBy(id, within(original), within(patch))).toStrictEqual(expected)
    const user = await makeUser(store, { data: within(original) })
    expect(await store.updateUser(user.id, { data: within(patch) })).toMatchObject({ data: expected })
    const event = await makeEvent(store, id, { data: within(original) })
    expect((await store.updateEvent(event.id, { data: within(patch) })).data).toStrictEqual(expected)
  })

  test.each(APPENDIX_A.filter(([...parts]) => parts.every((part) => part.startsWith('{'))))(
    '%s and %s make %s, as whole contexts',
    async (original, patch, result) => {
      const { id } = await makeUser(store)
      expect(await mergedBy(id, JSON.parse(original), JSON.parse(patch))).toStrictEqual(JSON.parse(result))
    },
  )
})

/** Two halves of a reference may have met: they are refused, and have a test of their own. */
const areTaken = (...values: JsonObject[]) => values.every((value) => 'json' in checkJson(value))

describe('the server merges like the pure function', () => {
  test('whatever is stored, and whatever the patch', async () => {
    const [{ id }, { id: userId }] = [await makeUser(store), await makeUser(store)]
    await fc.assert(
      fc.asyncProperty(meeting, async ({ target, patch }) => {
        const merged = mergePatch(target, patch)
        fc.pre(areTaken(patch, merged))
        expect(written(await mergedBy(id, target, patch))).toBe(written(merged))
        await store.updateUser(userId, { data: null })
        const { data: stored } = await store.updateUser(userId, { data: target })
        const { data } = await store.updateUser(userId, { data: patch })
        expect(written(data)).toBe(written(mergePatch(stored, patch)))
      }),
      { numRuns: 50 },
    )
  })

  test.each([1, 59, 60, 61, 500])('with a patch of %i keys', async (count) => {
    const { id } = await makeUser(store)
    const keys = Array.from({ length: count }, (_, i) => `k${i}`)
    const original = { kept: { a: 1 }, k0: { old: 1 }, k1: 'gone' }
    const patch = Object.fromEntries(keys.map((key, i) => [key, i === 1 ? null : { new: i }]))
    expect(await mergedBy(id, original, patch)).toStrictEqual(mergePatch(original, patch))
  })

  test.each([1, 19, 20, 21, 50, 89])('with a patch of %i levels', async (depth) => {
    const { id } = await makeUser(store)
    const deep = (leaf: JsonObject) => {
      let value = leaf
      for (let i = 1; i < depth; i++) value = { a: value, [`b${i}`]: i }
      return value
    }
    const original = deep({ old: 1, gone: 1 })
    const patch = deep({ new: 1, gone: null })
    expect(await mergedBy(id, original, patch)).toStrictEqual(mergePatch(original, patch))
  })

  test('with many keys, many levels and deep values at once', async () => {
    const { id } = await makeUser(store)
    const level = (levels: number, keys: number): JsonObject => ({
      ...(levels > 0 && { inner: level(levels - 1, keys) }),
      deep: nested(60, (inner) => [inner]),
      ...Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, i])),
    })
    for (const [levels, keys] of [
      [0, 59],
      [1, 28],
      [5, 8],
      [10, 4],
      [19, 1],
    ] as const) {
      const patch = level(levels, keys)
      expect(await mergedBy(id, { kept: true }, patch)).toStrictEqual(mergePatch({ kept: true }, patch))
    }
  })
})

describe('a merge is checked as a whole', () => {
  test('so that two halves of a reference never meet', async () => {
    const { id } = await makeUser(store, { data: { link: { $ref: 'users' } } })
    await store.storeContext(id, { link: { $ref: 'users' } })
    const event = await makeEvent(store, id, { data: { link: { $ref: 'users' } } })
    const patch = { link: { $id: 'x' } }
    expect(await refusedPaths(store.mergeContext(id, patch))).toEqual(['data.link'])
    expect(await refusedPaths(store.updateUser(id, { data: patch }))).toEqual(['data.link'])
    expect(await refusedPaths(store.updateEvent(event.id, { data: patch }))).toEqual(['data.link'])
    expect((await store.retrieveContext(id)).data).toEqual({ link: { $ref: 'users' } })
    await store.mergeContext(id, { link: { $ref: null } })
    expect((await store.mergeContext(id, patch)).context.data).toEqual({ link: { $id: 'x' } })
  })
})
