import { auth, calendar } from '@googleapis/calendar'

/** Google's own client, of the server that stands in for theirs. */
export function clientOf(rootUrl: string, token: string) {
  const oauth = new auth.OAuth2()
  oauth.setCredentials({ access_token: token })
  return calendar({ version: 'v3', auth: oauth, rootUrl })
}
