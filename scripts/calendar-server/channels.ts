import { createHash } from 'node:crypto'
import type { Account } from './accounts.ts'
import type { Clock } from './clock.ts'
import type { Delivery } from './delivery.ts'
import { channelRefused, invalid, notFound, required } from './refusals.ts'
import { isRecord, type Json } from './resource.ts'

const ID = /^[A-Za-z0-9\-_+/=]{1,64}$/
const MAX_TOKEN = 256
const WEEK_SECONDS = 604_800
/** The API has a limit that it does not publish: whoever asks for more gets less. */
const LONGEST_MS = 30 * 86_400_000
const LOCAL = ['localhost', '127.0.0.1', '[::1]']

type State = 'sync' | 'exists' | 'not_exists'

interface Channel {
  id: string
  address: string
  token: string | undefined
  expiration: number
  calendarId: string
  resourceId: string
  resourceUri: string
  owner: string
  messages: number
}

interface Settings {
  clock: Clock
  delivery: Delivery
  /** Takes addresses without TLS, of this machine only. */
  allowHttp: boolean
}

/** Who is told of changes. */
export function createChannels({ clock, delivery, allowHttp }: Settings) {
  /* Those that ended keep their ids, as these are never free again. */
  const channels = new Map<string, Channel>()
  const ended = new Set<string>()
  const isActive = ({ id, expiration }: Channel) => !ended.has(id) && expiration > clock.now()

  function tell(channel: Channel, state: State): void {
    channel.messages += 1
    delivery.post(channel.id, channel.address, headersOf(channel, state))
  }

  return {
    watch(body: unknown, calendarId: string, resourceUri: string, { email }: Account) {
      if (!isRecord(body)) throw invalid('The request body must be a JSON object.')
      const { id, address, token } = readChannel(body, allowHttp)
      const expiration = expirationOf(body, clock.now())
      if (channels.has(id)) throw channelRefused('channelIdNotUnique', `Channel id ${id} not unique`)
      const resourceId = createHash('sha256').update(calendarId).digest('base64url').slice(0, 27)
      const resource = { calendarId, resourceId, resourceUri }
      const channel = { id, address, token, expiration, owner: email, messages: 0, ...resource }
      channels.set(id, channel)
      tell(channel, 'sync')
      const answer = { kind: 'api#channel', id, resourceId, resourceUri, expiration: String(expiration) }
      return token === undefined ? answer : { ...answer, token }
    },
    stop(body: unknown, { email }: Account): void {
      const { id, resourceId } = isRecord(body) ? body : {}
      if (typeof id !== 'string') throw required('Required')
      if (typeof resourceId !== 'string') throw required('Required')
      const channel = channels.get(id)
      const isTheirs = channel?.owner === email && channel.resourceId === resourceId
      if (!channel || !isTheirs || !isActive(channel)) throw notFound(`Channel '${id}' not found`)
      ended.add(id)
    },
    notify(calendarId: string, state: State): void {
      for (const channel of channels.values()) {
        if (channel.calendarId === calendarId && isActive(channel)) tell(channel, state)
      }
    },
  }
}

function readChannel(body: Json, allowHttp: boolean) {
  const { id, address, token, type } = body
  if (typeof id !== 'string' || !id) throw required('entity.channelId')
  if (!ID.test(id)) throw channelRefused('channelIdInvalid', 'Invalid channel id')
  if (type !== 'web_hook' && type !== 'webhook') {
    throw channelRefused('push.channelTypeNotSupported', `Channel type ${type} not supported`)
  }
  if (typeof address !== 'string' || !URL.canParse(address)) {
    throw channelRefused('push.webhookUrlInvalid', 'WebHook callback must be a URL')
  }
  const { protocol, hostname } = new URL(address)
  const isAllowed = protocol === 'https:' || (allowHttp && protocol === 'http:' && LOCAL.includes(hostname))
  if (!isAllowed)
    throw channelRefused('push.webhookUrlNotHttps', `WebHook callback must be HTTPS: ${address}`)
  if (token == null) return { id, address, token: undefined }
  if (typeof token !== 'string' || token.length > MAX_TOKEN) throw invalid('Invalid value for: token')
  return { id, address, token }
}

function expirationOf({ expiration, params }: Json, now: number): number {
  const ttl = isRecord(params) ? params.ttl : undefined
  const wanted = expiration == null ? now + secondsOf(ttl ?? WEEK_SECONDS) * 1000 : Number(expiration)
  if (!Number.isFinite(wanted) || wanted <= now) throw invalid('Invalid value for: expiration')
  return Math.floor(Math.min(wanted, now + LONGEST_MS))
}

function secondsOf(ttl: unknown): number {
  if (!/^[1-9]\d*$/.test(String(ttl))) throw invalid('Invalid value for: params.ttl')
  return Number(ttl)
}

const headersOf = (channel: Channel, state: State): Record<string, string> => ({
  'X-Goog-Channel-ID': channel.id,
  ...(channel.token !== undefined && { 'X-Goog-Channel-Token': channel.token }),
  'X-Goog-Channel-Expiration': new Date(channel.expiration).toUTCString(),
  'X-Goog-Resource-ID': channel.resourceId,
  'X-Goog-Resource-URI': channel.resourceUri,
  'X-Goog-Resource-State': state,
  'X-Goog-Message-Number': String(channel.messages),
})
