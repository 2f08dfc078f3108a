import { randomBytes } from 'node:crypto'
import type { Calendar } from './calendar.ts'
import type { Clock } from './clock.ts'
import { needsWriter, notFound } from './refusals.ts'

export type Role = 'reader' | 'writer' | 'owner'

export interface Account {
  email: string
  /** The bearer token that it was given first. */
  token: string
  /** Of its primary calendar. */
  calendarId: string
  /** Another token. @param livesMs after which the server refuses it; without it, it does not expire */
  grant(livesMs?: number): string
}

/** Who there is, and who may see which calendar. */
export function createAccounts(clock: Clock) {
  const accounts = new Map<string, Account>()
  const tokens = new Map<string, { account: Account; expires: number }>()
  const roles = new Map<string, Map<string, Role>>()

  function grant(account: Account, livesMs = Number.POSITIVE_INFINITY): string {
    const token = `ya29.${randomBytes(12).toString('base64url')}`
    tokens.set(token, { account, expires: clock.now() + livesMs })
    return token
  }

  return {
    known: (email: string): Account | undefined => accounts.get(email),
    add(email: string): Account {
      const account: Account = {
        ...{ email, calendarId: email, token: '' },
        grant: (livesMs) => grant(account, livesMs),
      }
      account.token = grant(account)
      accounts.set(email, account)
      return account
    },
    /** undefined without a token that is valid now */
    ofHeader(authorization: string | undefined): Account | undefined {
      const [, token = ''] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? []
      const known = tokens.get(token)
      return known && known.expires > clock.now() ? known.account : undefined
    },
    revoke: (token: string): void => void tokens.delete(token),
    share(calendarId: string, email: string, role: Role | undefined): void {
      const shared = roles.get(calendarId) ?? new Map<string, Role>()
      if (role) shared.set(email, role)
      else shared.delete(email)
      roles.set(calendarId, shared)
    },
    roleIn: (calendarId: string, { email }: Account): Role | undefined => roles.get(calendarId)?.get(email),
  }
}

export type Accounts = ReturnType<typeof createAccounts>

/** @throws Refusal as if there were no calendar for who may not see it */
export function accessTo(calendar: Calendar | undefined, role: Role | undefined, isWrite: boolean): Calendar {
  if (!calendar || !role) throw notFound()
  if (isWrite && role === 'reader') throw needsWriter()
  return calendar
}
