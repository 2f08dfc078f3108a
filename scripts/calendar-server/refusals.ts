/** Why a request is not done, as the API's error body says it. */
export interface Refusal {
  status: number
  reason: string
  message: string
  domain: string
  /** The header or parameter that is wrong. */
  locationType?: 'header' | 'parameter'
  location?: string
  /** In seconds. */
  retryAfter?: number
}

type RefusedError = Error & { refusal: Refusal }

const refused = (refusal: Refusal): RefusedError => Object.assign(new Error(refusal.message), { refusal })

export const refusalOf = (error: unknown): Refusal | undefined =>
  error instanceof Error && 'refusal' in error ? (error as RefusedError).refusal : undefined

const inGlobal = (status: number, reason: string, message: string) =>
  refused({ status, reason, message, domain: 'global' })

export const invalid = (message: string) => inGlobal(400, 'invalid', message)
export const required = (message: string) => inGlobal(400, 'required', message)
export const badRequest = (message: string) => inGlobal(400, 'badRequest', message)
export const notFound = (message = 'Not Found') => inGlobal(404, 'notFound', message)
export const duplicate = () => inGlobal(409, 'duplicate', 'The requested identifier already exists.')
export const deleted = () => inGlobal(410, 'deleted', 'Resource has been deleted')
/** Of the stand-in, where Google would do something. */
export const notImplemented = (what: string) =>
  inGlobal(501, 'notImplemented', `The stand-in does not do this: ${what}`)

export const invalidParameter = (location: string, message = `Invalid value for parameter: ${location}`) =>
  refused({ status: 400, reason: 'invalid', message, domain: 'global', locationType: 'parameter', location })

export const unauthorized = () =>
  refused({
    ...{ status: 401, reason: 'authError', message: 'Invalid Credentials', domain: 'global' },
    ...{ locationType: 'header', location: 'Authorization' },
  })

export const needsWriter = () =>
  refused({
    ...{ status: 403, reason: 'requiredAccessLevel', domain: 'calendar' },
    message: 'You need to have writer access to this calendar.',
  })

export const overQuota = (status: 403 | 429) =>
  refused({
    ...{ status, domain: 'usageLimits' },
    reason: status === 403 ? 'userRateLimitExceeded' : 'rateLimitExceeded',
    message: status === 403 ? 'User Rate Limit Exceeded' : 'Rate Limit Exceeded',
  })

export const emptyTimeRange = () =>
  refused({
    ...{ status: 400, reason: 'timeRangeEmpty', domain: 'calendar' },
    message: 'The specified time range is empty.',
  })

export const needsFullSync = () =>
  refused({
    ...{ status: 410, reason: 'fullSyncRequired', domain: 'calendar' },
    message: 'Sync token is no longer valid, a full sync is required.',
    ...{ locationType: 'parameter', location: 'syncToken' },
  })

export const updatedMinTooLongAgo = () =>
  refused({
    ...{ status: 410, reason: 'updatedMinTooLongAgo', domain: 'calendar' },
    message: 'The requested minimum modification time lies too far in the past.',
    ...{ locationType: 'parameter', location: 'updatedMin' },
  })

export const conditionNotMet = () =>
  refused({
    ...{ status: 412, reason: 'conditionNotMet', message: 'Precondition Failed', domain: 'global' },
    ...{ locationType: 'header', location: 'If-Match' },
  })

export const channelRefused = (reason: string, message: string) => inGlobal(400, reason, message)

/** What a test has the server say. */
export const ordered = (status: number, reason: string, retryAfter?: number): Refusal => ({
  ...{ status, reason, message: reason, ...(retryAfter !== undefined && { retryAfter }) },
  domain: reason.toLowerCase().includes('limit') || reason === 'quotaExceeded' ? 'usageLimits' : 'global',
})

export const errorBody = ({ status, reason, message, domain, locationType, location }: Refusal) => ({
  error: {
    code: status,
    message,
    errors: [{ domain, reason, message, ...(location && { locationType, location }) }],
  },
})
