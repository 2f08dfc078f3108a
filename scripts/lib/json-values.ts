import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/index.ts'

/** Keys that objects inherit, that MongoDB or Mongoose read otherwise, and any other but those with NUL. */
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'toString', 'hasOwnProperty', 'length', 'then'),
  fc.constantFrom('', '.', 'a.b', '.a', '$', '$set', '$$ROOT', '$ref', '$id', '$db', '$numberLong', '$date'),
  fc.constantFrom('_id', 'id', 'userId', 'a', 'b', 'c', '0', '1', '-1', '1e3'),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replaceAll('\0', '␀')),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e308, 5e-324, 2 ** 53 + 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 63),
)

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '$name', '$$NOW', '\0', '2026-01-01T00:00:00Z', 'مرحبا', '👩‍👩‍👧'),
)

const { object, value } = fc.letrec<{ object: JsonObject; value: JsonValue }>((tie) => ({
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((entries) => {
    const made: JsonObject = Object.fromEntries(entries)
    /* The two together are refused: BSON takes them for a reference. */
    if (Object.hasOwn(made, '$ref')) delete made.$id
    return made
  }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
}))

/** Any JSON object that a store takes, and any value in one. */
export { object as jsonObject, value as jsonValue }

/** A patch for a target: of its own keys, so that they meet, and of others. */
export const meeting = fc.tuple(object, object, fc.infiniteStream(value)).map(([target, other, values]) => {
  const patched = (part: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(part).flatMap(([key, value], i): [string, JsonValue][] => {
        if (i % 4 === 0) return [[key, null]]
        if (i % 4 === 1) return [[key, values.next().value]]
        return typeof value === 'object' && value !== null && !Array.isArray(value)
          ? [[key, patched(value)]]
          : []
      }),
    )
  return { target, patch: { ...other, ...patched(target) } }
})

/** A value in so many arrays or objects. */
export function nested(levels: number, wrap: (inner: JsonValue) => JsonValue): JsonValue {
  let value: JsonValue = 'the innermost'
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

/** Tells apart what is not the same to the last: order of keys, own `__proto__`, -0. */
export const written = (json: unknown): string =>
  JSON.stringify(json, (_, inner) => (Object.is(inner, -0) ? 'minus zero' : inner))
