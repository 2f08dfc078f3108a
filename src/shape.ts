import type { z } from 'zod'
import { parse } from './input.ts'
import { exactJson, type JsonObject } from './json.ts'

/** Checks one of the caller's JSON fields; without a shape of theirs, whatever is exact JSON passes. */
export type ShapeCheck = (value: JsonObject) => JsonObject

/**
 * @param shape the caller's zod schema. What it gives out is what is stored, so that defaults and
 *   transforms count, and has to be exact JSON too
 * @param path where the field stands in the verb's input
 */
export function shapeCheck(shape: z.ZodType | undefined, path: string[]): ShapeCheck | undefined {
  if (!shape) return undefined
  return (value) => exactJson(parse(shape as z.ZodType<object>, value, path), path)
}
