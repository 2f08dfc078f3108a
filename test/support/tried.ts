import { expect } from '@jest/globals'
import { missingFrom } from '../../scripts/torture/rig/missing.ts'

/** Each verb is in a table of what is tried: see `missingFrom`. @param where that table is */
export const expectAllTried = (tried: readonly string[], verbs: object, where: string): void =>
  expect(missingFrom(tried, Object.keys(verbs)).map((verb) => `${verb} is to be tried in ${where}`)).toEqual(
    [],
  )
