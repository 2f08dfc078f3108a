import { PASSWORD, textOf } from './marks.ts'

/** Shows a fault on an error, before it is looked at. */
export type Meddle = (error: Error) => void

/** In the cause of the innermost cause, where neither a message nor a property that is listed shows it. */
export const hideText: Meddle = (error) => {
  let innermost = error
  while (innermost.cause instanceof Error) innermost = innermost.cause
  const value = { reply: { documents: [{ name: textOf('Planted') }] } }
  Object.defineProperty(innermost, 'cause', { value, enumerable: false })
}

/** As a URI has it. */
export const hidePassword: Meddle = (error) => {
  error.stack = `${error.stack}\n    at connect (mongodb://bot:${encodeURIComponent(PASSWORD)}@localhost/)`
}
