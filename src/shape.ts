import { z } from 'zod'
import type { Shapes } from './config.ts'
import { DialogueStoreError, invalidInput } from './errors.ts'
import { outputOf } from './input.ts'
import { exactJson, type JsonObject } from './json.ts'

/**
 * Checks one of the caller's JSON fields; without a shape of theirs, whatever is exact JSON passes.
 * @param at where the field stands in the verb's input
 */
export type ShapeCheck = (value: JsonObject, at: string[]) => JsonObject

/**
 * @param shape the caller's zod schema. What it gives out is what is stored, so that defaults and
 *   transforms count, and has to be exact JSON too
 */
const shapeCheck = (shape: z.ZodType | undefined): ShapeCheck | undefined =>
  shape && ((value, at) => exactJson(shaped(shape, value, at), at))

/** The checks of each of the caller's JSON fields. */
export const shapeChecks = (shapes: Shapes) => ({
  context: shapeCheck(shapes.context),
  userData: shapeCheck(shapes.userData),
  eventData: shapeCheck(shapes.eventData),
  metadata: shapeCheck(shapes.metadata),
})
export type ShapeChecks = ReturnType<typeof shapeChecks>

/** A shape runs code of the caller's, which may throw; the driver's failures are not to blame for it. */
function shaped(shape: z.ZodType, value: JsonObject, at: string[]): unknown {
  try {
    return outputOf(shape.safeParse(value), at)
  } catch (error) {
    if (error instanceof DialogueStoreError) throw error
    const reason =
      error instanceof z.core.$ZodAsyncError ? 'has a shape that is asynchronous' : 'has a shape that throws'
    throw invalidInput([{ path: at, reason }], error)
  }
}
