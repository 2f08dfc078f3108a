import type { NewUser } from '../../src/index.ts'
import { contactOf, phoneOf } from '../lib/people.ts'
import { bytesOf, createIds, numberOf, type Plan } from './plan.ts'

const PLACES = [
  { locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
  { locale: 'en-US', timezone: 'America/New_York' },
  { locale: 'en-GB', timezone: 'Europe/London' },
  { locale: 'es-AR', timezone: 'America/Argentina/Buenos_Aires' },
  { locale: 'de-DE', timezone: 'Europe/Berlin' },
]
/** Of so many people one has not given an e-mail address yet. */
const UNREGISTERED = 10
const PHONE_DIGITS = 12
const BEFORE_ALL = new Date('2018-01-01T00:00:00Z')

export interface SeedUser {
  id: string
  identity: { provider: string; id: string }
  defaults: Omit<NewUser, 'identities'>
}

/** The users of a plan, by their numbers. */
export function createUsers(plan: Plan): (n: number) => SeedUser {
  const idOf = createIds(plan, 'user')
  const phone = createPhones(plan)
  return (n) => {
    const id = idOf(BEFORE_ALL, n)
    const { name, email } = contactOf(n)
    const place = PLACES[numberOf(PLACES.length, plan, 'place', n)]
    const unregistered = numberOf(UNREGISTERED, plan, 'registration', n) === 0
    const registration = unregistered ? { states: { registration: 'waiting_for_email' } } : { email }
    return {
      id,
      identity: { provider: 'whatsapp', id: phone(n) },
      defaults: { id, name, ...place, ...registration, data: { source: plan.source } },
    }
  }
}

/** Numbers that begin differently for each plan, so that several fit into one database. */
function createPhones(plan: Plan): (n: number) => string {
  const digits = String(plan.users).length
  const begin = bytesOf(plan, 'phone').readUIntBE(0, 6) % 10 ** (PHONE_DIGITS - digits)
  return (n) => phoneOf(String(begin).padStart(PHONE_DIGITS - digits, '0') + String(n).padStart(digits, '0'))
}
