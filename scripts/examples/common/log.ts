import { type LevelWithSilent, type Logger, pino } from 'pino'

/** Whose messages quote nothing that people write. */
const DISCREET = ['DialogueStoreError', 'GrammyError']

/** Errors may quote what was being sent, or asked of a model: of most, what they are, where and why, and no sentence. */
export function summaryOf(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, message, stack = '', cause } = error
  const frames = stack.slice(stack.indexOf(message) + message.length).match(/^ +at .+$/gm)
  return {
    ...{ name, code: 'code' in error ? error.code : undefined, stack: frames?.join('\n') },
    ...(DISCREET.includes(name) && { message }),
    ...(cause !== undefined && { cause: summaryOf(cause) }),
  }
}

/** One JSON line an event on stderr: ids, codes and durations, never what people write. */
export const createLog = (level: LevelWithSilent): Logger =>
  pino({ level, serializers: { err: summaryOf } }, pino.destination(2))

/** For `openStore`, whose every write would be a line of its own: here only what fails. */
export const ofStore = (log: Logger): Logger => log.child({ part: 'store' }, { level: 'warn' })
