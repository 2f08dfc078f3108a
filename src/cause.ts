/** An error of the driver, without its message: messages of the server quote documents. */
export interface SafeCause extends Error {
  code?: number | string
  codeName?: string
  labels?: string[]
}

interface DriverError {
  name?: unknown
  message?: unknown
  code?: unknown
  codeName?: unknown
  errorLabels?: unknown
  labels?: unknown
  stack?: unknown
  cause?: unknown
}

const scalar = (value: unknown): number | string | undefined =>
  typeof value === 'number' || (typeof value === 'string' && /^[A-Za-z0-9_]{1,60}$/.test(value))
    ? value
    : undefined

/** Only the frames: a stack begins with the message, and lines of a message may look like frames. */
function framesOf({ stack, message }: DriverError): string {
  if (typeof stack !== 'string' || typeof message !== 'string') return ''
  const begin = stack.indexOf(message)
  const rest = begin < 0 ? '' : stack.slice(begin + message.length)
  /* A message that was changed since is not the stack's: then nothing of it can be told apart. */
  if (!rest.startsWith('\n')) return ''
  return rest
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}

/** A caller's own schema may throw anything, also what throws again when it is read. */
function read(thrown: unknown): DriverError {
  if (typeof thrown !== 'object' || thrown === null) return {}
  try {
    const { name, message, code, codeName, errorLabels, labels, stack, cause }: DriverError = thrown
    return { name, message, code, codeName, labels: errorLabels ?? labels, stack, cause }
  } catch {
    return {}
  }
}

/**
 * What may be kept of a foreign error: its class, numbers and names of codes, labels, stack frames, and the
 * same of its own cause.
 */
export function causeOf(thrown: unknown, depth = 0): SafeCause {
  const error = read(thrown)
  const name = String(scalar(error.name) ?? 'Error')
  const code = scalar(error.code)
  const codeName = scalar(error.codeName)
  const safe: SafeCause = new Error([name, code, codeName].filter((part) => part !== undefined).join(' '))
  safe.name = name
  if (code !== undefined) safe.code = code
  if (typeof codeName === 'string') safe.codeName = codeName
  if (Array.isArray(error.labels))
    safe.labels = error.labels.flatMap((label) => scalar(label) ?? []).map(String)
  safe.stack = `${safe.message}\n${framesOf(error)}`
  if (error.cause !== undefined && depth < 3) safe.cause = causeOf(error.cause, depth + 1)
  return safe
}
