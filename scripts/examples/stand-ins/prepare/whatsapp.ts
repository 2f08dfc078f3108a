import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Defer } from '../../../lib/run.ts'
import { deliveryOf, startEvolution } from '../evolution.ts'
import { onLine, print, row, saidBy } from './screen.ts'

const PHONE = '5511987654321'
const HOST = '127.0.0.1'
const INSTANCE = 'assistant'
const AGAIN_MS = 500

/** An Evolution API, unless the environment has access to one: it prints what the bot sends, and delivers what is typed. */
export async function prepareEvolution(defer: Defer): Promise<void> {
  if (process.env.EVOLUTION_URL) return row('WhatsApp', 'the Evolution API of EVOLUTION_URL')
  const evolution = await startEvolution(({ text }) => {
    saidBy('assistant', text)
    return undefined
  })
  defer(evolution.close)
  const key = randomUUID()
  const port = process.env.PORT || '3000'
  Object.assign(process.env, {
    ...{ EVOLUTION_URL: evolution.url, EVOLUTION_API_KEY: key, EVOLUTION_INSTANCE: INSTANCE },
    ...{ WEBHOOK_API_KEY: key, WEBHOOK_HOST: HOST, PORT: port },
  })
  const webhook = { url: `http://${HOST}:${port}/webhook`, key }
  row(
    'WhatsApp',
    'stood in for: type what you would write, or deliver it yourself, with another id each time:',
  )
  print(`\n${curlOf(webhook)}\n`)
  const ended = new AbortController()
  defer(async () => ended.abort())
  onLine((line) => void deliver(webhook, line, ended.signal), defer)
}

interface Webhook {
  url: string
  key: string
}

function curlOf({ url, key }: Webhook): string {
  const { event, instance, data } = deliveryOf({ id: '1', phone: PHONE, instance: INSTANCE, text: 'Hello' })
  const body = JSON.stringify({ event, instance, data: { key: data.key, message: data.message } })
  return `curl ${url} -H 'apikey: ${key}' -H 'content-type: application/json' -d '${body}'`
}

/** Until it is taken, and then once more: platforms do that. */
async function deliver({ url, key }: Webhook, text: string, ended: AbortSignal): Promise<void> {
  const body = JSON.stringify(deliveryOf({ id: randomUUID(), phone: PHONE, instance: INSTANCE, text }))
  const headers = { apikey: key, 'content-type': 'application/json' }
  for (let taken = 0; taken < 2 && !ended.aborted; ) {
    const response = await fetch(url, { method: 'POST', headers, body, signal: ended }).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) taken++
    else await pause(AGAIN_MS, undefined, { signal: ended }).catch(() => {})
  }
}
