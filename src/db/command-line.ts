import { DEFAULT_PREFIX, type Retention } from '../config.ts'
import type { Database } from './database.ts'

/**
 * What an error tells people to run on this database. Its URI holds a password, so they give that themselves.
 * @param wanted what `convert-retention` converts to
 */
export function commandLine(
  { db, prefix }: Database,
  command: 'up' | 'convert-retention',
  wanted?: Retention,
): string {
  const options = {
    ...{ to: wanted?.kind, ...wanted, kind: undefined },
    db: db.databaseName,
    prefix: prefix === DEFAULT_PREFIX ? undefined : prefix,
  }
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${optionOf(name)} ${quoted(String(value))}`)
  return ['npx dialogue-store', command, ...given].join(' ')
}

/** `maxAgeMs` is given as `--max-age-ms`. */
export const optionOf = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** As a shell takes it: a database may be named by almost any characters. */
const quoted = (value: string): string =>
  /^[\w-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
