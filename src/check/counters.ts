import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { counter } from '../input.ts'

type Schema = Record<string, unknown>

/** What the server is asked of a counter, and of nothing else. */
const COUNTER: Schema = {
  bsonType: ['int', 'long', 'double'],
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  multipleOf: 1,
}

/** The part of a model's schema that is about counters; undefined if it has none. */
function countersOf(schema: unknown): Schema | undefined {
  if (schema === counter) return COUNTER
  if (schema instanceof z.ZodOptional) return countersOf(schema.unwrap())
  if (!(schema instanceof z.ZodObject)) return undefined
  const fields = Object.entries(schema.shape).flatMap(([name, field]) => {
    const counters = countersOf(field)
    return counters ? [{ name, counters, isOptional: field instanceof z.ZodOptional }] : []
  })
  if (fields.length === 0) return undefined
  const required = fields.filter(({ isOptional }) => !isOptional).map(({ name }) => name)
  return {
    bsonType: 'object',
    properties: Object.fromEntries(fields.map(({ name, counters }) => [name, counters])),
    ...(required.length > 0 && { required }),
  }
}

/** A filter for documents with a broken counter; undefined for a model that can be without any. */
export function brokenCounters({ document, alternative }: ModelDefinition): Schema | undefined {
  const schemas = [document, ...(alternative ? [alternative] : [])].map(countersOf)
  const sound = schemas.flatMap((schema) => (schema ? [{ $jsonSchema: schema }] : []))
  return sound.length === schemas.length ? { $nor: sound } : undefined
}

/** Counters that only have to differ from what anybody has read before. */
const RENEWABLE = ['version', 'touches']

/** Which of these are broken in a document. */
export function renewableIn({ document }: ModelDefinition, stored: Schema): string[] {
  if (!(document instanceof z.ZodObject) || 'erasedAt' in stored) return []
  return RENEWABLE.filter((name) => {
    const field: unknown = document.shape[name]
    return field !== undefined && !z.safeParse(field as z.ZodType, stored[name]).success
  })
}

/** Higher than any count that somebody may hold, so that no condition is met by chance. */
export const newCount = (): number => Math.floor(Date.now() / 1000)
