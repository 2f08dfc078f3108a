import { auth, calendar } from '@googleapis/calendar'

export interface ClientOptions {
  /** False: what it gets is what the server said. Google's client tries some again by itself. */
  retry?: false
}

/** Google's own client, of the server that stands in for theirs. */
export function clientOf({ url }: { url: string }, token: string, options: ClientOptions = {}) {
  const oauth = new auth.OAuth2()
  oauth.setCredentials({ access_token: token })
  return calendar({ version: 'v3', auth: oauth, rootUrl: url, ...options })
}
