import { auth, calendar } from '@googleapis/calendar'
import type { DialogueStore, Shapes } from 'dialogue-store'
import { createCalendarSync } from 'dialogue-store/google-calendar'
import { z } from 'zod'

const ACCESS = ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET', 'GOOGLE_REFRESH_TOKEN'] as const

/** Access to one Google Calendar, in which all events of the bot are published. Left out: they stay in the store. */
const google = z.object({
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  GOOGLE_REFRESH_TOKEN: z.string().optional(),
  GOOGLE_API_URL: z.url('set it to the address of what stands in for Google, or leave it out').optional(),
})
export const googleVariables = google.shape

/** A check of the environment: access to Google is complete, or not there at all. */
export function isGoogleComplete(given: z.output<typeof google>, context: z.RefinementCtx): void {
  const missing = ACCESS.filter((name) => !given[name])
  if (missing.length === ACCESS.length) return
  const message = `set it, too, or leave out all of ${ACCESS.join(', ')}`
  for (const name of missing) context.addIssue({ code: 'custom', path: [name], message })
}

/** Publishes events at Google from time to time, and takes over what people change there; undefined without access. */
export function connectGoogle<S extends Shapes>(store: DialogueStore<S>, given: z.output<typeof google>) {
  if (!given.GOOGLE_REFRESH_TOKEN) return undefined
  const url = given.GOOGLE_API_URL
  const oauth = new auth.OAuth2({
    clientId: given.GOOGLE_CLIENT_ID,
    clientSecret: given.GOOGLE_CLIENT_SECRET,
    ...(url && { endpoints: { oauth2TokenUrl: new URL('/token', url) } }),
  })
  oauth.setCredentials({ refresh_token: given.GOOGLE_REFRESH_TOKEN })
  const client = calendar({ version: 'v3', auth: oauth, ...(url && { rootUrl: url }) })
  const sync = createCalendarSync(store, { calendar: client })
  sync.start()
  return sync
}

export type Google = NonNullable<ReturnType<typeof connectGoogle>>
