import { DialogueStoreError } from '../../../../src/index.ts'
import type { Course } from './course.ts'
import type { Failure } from './failures.ts'
import type { Line, Sent, Trap } from './line.ts'
import type { Meddler } from './plants.ts'
import { compared, type Heard, hear, heardInWords } from './state.ts'

/** What happens where nothing fails: a store on a sound server is the model of one on a server that isn't. */
export interface Model {
  before: string
  value: unknown
  heard: string
  after: string
  heardAgain: string
  afterAgain: string
  sent: Sent[]
}

/** A command that is to fail, of what. */
export interface Card {
  /** Of the course. */
  name: string
  model: Model
  failure: Failure
  trap: Omit<Trap, 'appName'>
}

/** What came of it. */
export interface Trial {
  /** False: it never came. */
  isMet: boolean
  succeeded: boolean
  complaints: string[]
}

interface Needs {
  line: Line
  course(name: string): Course
  quiet(): Promise<void>
}

export async function learn({ line, quiet }: Omit<Needs, 'course'>, course: Course): Promise<Model> {
  await course.prepare()
  const before = course.isOwed ? undefined : await course.state()
  const { result, sent } = await line.listen(() => hear(course.call(false)))
  await quiet()
  const after = await course.state()
  const again = await hear(course.repeat())
  if ('error' in result) throw new Error(`${course.name} fails on a sound server: ${heardInWords(result)}`)
  return {
    before: before ?? after,
    value: result.value,
    heard: heardInWords(result),
    after,
    heardAgain: heardInWords(again),
    afterAgain: await course.state(),
    sent,
  }
}

/** Does it while a command fails, and once more by another, and compares with the model. */
export async function attemptOnce(field: Needs, card: Card, meddle: Meddler): Promise<Trial> {
  const { line, quiet } = field
  const { model, trap, failure } = card
  const course = field.course(card.name)
  await course.prepare()
  const begin = performance.now()
  const { result, sent, isMet } = await line.listen(
    () => hear(meddle(() => course.call(failure.outlasts ?? false), course, model.value)),
    { ...trap, appName: course.appName },
  )
  const ms = performance.now() - begin
  await quiet()
  const now = await course.state()
  const complaints = [
    ...complaintsOfHeard(result, now, course, model),
    ...complaintsOfEffort(sent.length, ms, course, model, trap.times),
  ]
  await course.hurry()
  const again = await hear(course.repeat())
  const then = await course.state()
  const repeated = complaintsOfRepeat({ result, now, again, then }, course, model)
  return { isMet, succeeded: 'value' in result, complaints: [...complaints, ...repeated] }
}

/** What a caller hears is so. */
function complaintsOfHeard(result: Heard, now: string, course: Course, model: Model): string[] {
  const said = heardInWords(result)
  const isDone = now === model.after
  const isUndone = now === model.before
  if ('value' in result) {
    const undone = isUndone && !isDone ? ['said that it was done, and nothing is'] : []
    const otherwise = isUndone ? [] : compared('is done otherwise:', now, model.after)
    return [...compared('said', said, model.heard), ...undone, ...otherwise]
  }
  const { error } = result
  if (!(error instanceof DialogueStoreError)) return [`rejected with ${said}`]
  if (error.outcome === 'not-applied' && !course.goesOn)
    return compared(`said ${said}, and ${isDone ? 'all' : 'a part'} of it is done:`, now, model.before)
  if (isDone || isUndone || course.inSteps) return []
  return compared(`said ${said}, and a part of it is done:`, now, model.after)
}

interface Repeated {
  result: Heard
  now: string
  again: Heard
  then: string
}

/** Another's call finds what was done, or does it. */
function complaintsOfRepeat({ result, now, again, then }: Repeated, course: Course, model: Model): string[] {
  const wasDone = now === model.after
  const wasUndone = now === model.before
  if (!wasDone && !wasUndone) {
    const isWhole = !course.inSteps || then === model.afterAgain
    return isWhole ? [] : compared('repeated, it did not do the rest:', then, model.after)
  }
  const [expected, after] =
    wasDone && !wasUndone ? [model.heardAgain, model.afterAgain] : [model.heard, model.after]
  const isRead = wasDone && wasUndone
  /* Whoever goes on does once more what was done, but not noted as such. */
  const saysSo = !isRead && !(course.goesOn && 'error' in result)
  const isDoubled = 'error' in result && isRetryable(result.error) && countOf(then) > countOf(model.after)
  return [
    ...(saysSo ? compared('repeated, it said', heardInWords(again), expected) : []),
    ...compared('repeated, it made something else of it:', then, after),
    ...(isDoubled ? compared('was called retryable, and doubled:', then, model.after) : []),
  ]
}

const isRetryable = (error: unknown): boolean => error instanceof DialogueStoreError && error.retryable

/** How many documents there are. */
const countOf = (state: string): number => state.split('"_id"').length

/** Commands beyond those of each round: drivers repeat, check whether a server is there, and end what is open. */
const SPARE = 40
/** Who waits for others asks again and again, but not faster. */
const POLL_MS = 5
/** A machine may be busy. */
const SLACK = 3

/** It was not tried for ever, nor without a pause. */
function complaintsOfEffort(sent: number, ms: number, course: Course, model: Model, times: number): string[] {
  const most = (times + 2) * model.sent.length + SPARE + ms / POLL_MS
  return [
    ...(sent <= most ? [] : [`took ${sent} commands, where ${model.sent.length} do`]),
    ...(ms <= SLACK * course.longestMs ? [] : [`took ${Math.round(ms)} ms`]),
  ]
}
