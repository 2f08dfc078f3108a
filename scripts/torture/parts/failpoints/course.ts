import type mongoose from 'mongoose'
import { clear, type Ground, hurry, PATIENT_MS, settleAll, TRIED } from './ground.ts'
import type { Operation } from './operations/index.ts'
import { makeScene, type Scene } from './scene.ts'
import { inWords, storedIn } from './state.ts'

/** Something to be done while a command fails, and what is to be known of it then. */
export interface Course {
  name: string
  /** Whose commands fail. */
  appName: string
  /** Removes what was there, and makes what has to be. */
  prepare(): Promise<void>
  call(hasty: boolean): Promise<unknown>
  /** The same call, by another process. */
  repeat(): Promise<unknown>
  /** All that is stored, in words. */
  state(): Promise<string>
  /** When nobody is at work any more: who waits for others to be done need not. */
  hurry(): Promise<unknown>
  db: mongoose.mongo.Db
  /** How long it may take its caller, with time enough. */
  longestMs: number
  /** Where it fails without knowing how far it got, a part may be done; a repetition does the rest. */
  inSteps: boolean
  /** What it does is owed before, and any reader does it. */
  isOwed: boolean
  /** What was begun when it failed, the next one goes on with: its error says nothing of that. */
  goesOn: boolean
}

/** Waiting for a settler that did not say that it had ended takes six seconds, on top of a caller's own. */
const SETTLERS_MS = 7000
/** An erasure goes on past its own deadline, for each of its steps. */
const ERASURE_MS = 60_000

/** The operations on that ground. */
export const coursesOn = (ground: Ground, operations: Record<string, Operation>): Course[] =>
  Object.entries(operations).map(([name, operation]) => toCourse(ground, name, operation))

function toCourse(ground: Ground, name: string, operation: Operation): Course {
  const { db, other, patient, hasty } = ground
  let scene: Scene | undefined
  const here = (): Scene => {
    if (!scene) throw new Error('nothing was prepared')
    return scene
  }
  return {
    name: `${name} (${ground.name})`,
    appName: TRIED,
    db,
    longestMs: operation.inSteps ? ERASURE_MS : PATIENT_MS + SETTLERS_MS,
    inSteps: operation.inSteps ?? false,
    isOwed: operation.isOwed ?? false,
    goesOn: operation.goesOn ?? false,
    async prepare() {
      await clear(db)
      scene = await makeScene(ground)
      await operation.prepare?.(other, scene)
    },
    call: (isHasty) => operation.call(isHasty ? hasty : patient, here()),
    repeat: () => operation.call(other, here()),
    async state() {
      await settleAll(ground)
      return `${await storedIn(db)}${inWords(here().shown())}`
    },
    hurry: () => hurry(db),
  }
}
