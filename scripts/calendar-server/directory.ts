import { type Account, createAccounts } from './accounts.ts'
import { type Calendar, createCalendar } from './calendar.ts'
import type { Clock } from './clock.ts'
import { type CalendarOfPeople, createCalendarOfPeople } from './people.ts'

interface Settings {
  clock: Clock
  /** Of calendars for which none is given. */
  timeZone: string
  notify(calendarId: string, state: 'exists' | 'not_exists'): void
}

/** Which accounts and calendars there are. */
export function createDirectory({ clock, timeZone, notify }: Settings) {
  const accounts = createAccounts(clock)
  const calendars = new Map<string, Calendar>()

  function addCalendar(id: string, zone = timeZone): CalendarOfPeople {
    const onChange = () => notify(id, 'exists')
    calendars.set(id, createCalendar({ id, timeZone: zone, summary: id, clock, onChange }))
    return calendar(id)
  }

  function calendar(id: string): CalendarOfPeople {
    const found = calendars.get(id)
    if (!found) throw new Error(`There is no calendar ${id}`)
    const share: CalendarOfPeople['share'] = ({ email }, role) => accounts.share(id, email, role)
    const disappear = () => {
      calendars.delete(id)
      notify(id, 'not_exists')
    }
    return createCalendarOfPeople({ calendar: found, share, disappear })
  }

  function account(email: string): Account {
    const known = accounts.known(email)
    if (known) return known
    addCalendar(email)
    accounts.share(email, email, 'owner')
    return accounts.add(email)
  }

  return { accounts, calendars, addCalendar, calendar, account }
}
