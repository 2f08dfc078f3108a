import { type LevelWithSilent, type Logger, pino } from 'pino'

/** Errors of frameworks may carry along what they were sending: of each, what went wrong and where, and nothing else. */
const err = ({ name, message, stack, code }: Error & { code?: unknown }) => ({ name, message, code, stack })

/** One JSON line an event on stderr: ids, codes and durations, never what people write. */
export const createLog = (level: LevelWithSilent): Logger =>
  pino({ level, serializers: { err } }, pino.destination(2))

/** For `openStore`, whose every write would be a line of its own: here only what fails. */
export const ofStore = (log: Logger): Logger => log.child({ part: 'store' }, { level: 'warn' })
