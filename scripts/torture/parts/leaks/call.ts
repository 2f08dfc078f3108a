/** A call of a verb, by what it is given: so that any of it can be something else. */
export interface Call {
  /** Of a store, or of what stands beside it. */
  verb: string
  args: unknown[]
}

const MOST_ITEMS = 3
/** Of what goes on by itself. */
const PATIENCE_MS = 100

/** Makes it, as a program in JavaScript may. Of what iterates, takes some. */
export async function make(verbs: object, { verb, args }: Call): Promise<unknown> {
  const method: unknown = Reflect.get(verbs, verb)
  if (typeof method !== 'function') throw new Error(`There is no verb ${verb}.`)
  const given = verb === 'followMessages' ? [withSignal(args[0])] : args
  const made: unknown = Reflect.apply(method, verbs, given)
  if (!isIterable(made)) return made
  let items = 0
  for await (const _ of made) if (++items === MOST_ITEMS) break
  return items
}

/** Of options that can be read. */
function withSignal(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return options
  try {
    return { signal: AbortSignal.timeout(PATIENCE_MS), ...options }
  } catch {
    return options
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
