import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Accounts } from './accounts.ts'
import { type Answer, reply, textOf } from './http.ts'

/** Where Google has its server of tokens: https://developers.google.com/identity/protocols/oauth2/web-server#offline */
export const GRANTS_PATH = '/token'
const HOUR_S = 3600

/** Gives an access token for a refresh token, for which any token of an account that is valid now will do. */
export function createGrants(accounts: Accounts) {
  function answerTo(form: URLSearchParams): Answer {
    const account = accounts.ofHeader(`Bearer ${form.get('refresh_token')}`)
    if (!account || form.get('grant_type') !== 'refresh_token')
      return { status: 400, body: { error: 'invalid_grant' } }
    const granted = account.grant(HOUR_S * 1000)
    return { status: 200, body: { access_token: granted, expires_in: HOUR_S, token_type: 'Bearer' } }
  }
  return (request: IncomingMessage, response: ServerResponse): void => {
    textOf(request).then(
      (text) => reply(response, answerTo(new URLSearchParams(text))),
      () => response.destroy(),
    )
  }
}
