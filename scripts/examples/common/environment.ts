import { z } from 'zod'

const REPLICA_SET = 'set it to your replica set, such as mongodb://localhost:27017/bot?replicaSet=rs0'
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const isTimezone = (name: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

/** What each of the examples is told by its environment. */
export const environment = z.object({
  MONGODB_URI: z.string(REPLICA_SET).regex(/^mongodb(\+srv)?:\/\//, REPLICA_SET),
  LOG_LEVEL: z.enum(LEVELS, `set it to one of ${LEVELS.join(', ')}, or leave it out`).default('info'),
  /** Of people who have not named theirs. */
  TIMEZONE: z.string().refine(isTimezone, 'set it to an IANA name, such as Europe/Berlin').default('UTC'),
})

/**
 * Variables of the environment, checked before anything is opened. An empty one counts as left out.
 * @throws Error that names each one that is missing or wrong, and says what to set
 */
export function readEnvironment<S extends z.ZodType>(schema: S, variables = process.env): z.output<S> {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const { data, error } = schema.safeParse(given)
  if (!error) return data
  const wrong = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
  throw new Error(`The environment is not complete.\n${wrong.join('\n')}`)
}
