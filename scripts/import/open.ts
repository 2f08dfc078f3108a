import type { Defer } from '../lib/run.ts'
import { readDjango } from './django/source.ts'
import { UsageError } from './faults.ts'
import { openFile } from './file.ts'
import type { Identity, Item, OnRead } from './item.ts'
import { openCollection, readExport, readHistories } from './langchain/source.ts'
import { beginningOf, documentsIn, recognise, type SourceName } from './recognise.ts'
import { readTelegram } from './telegram/source.ts'
import type { DateOrder } from './whatsapp/header.ts'
import { readWhatsApp } from './whatsapp/source.ts'

/** What a source does not tell by itself. */
export interface SourceOptions {
  from?: SourceName
  me?: string
  user?: Identity
  conversation?: string
  provider?: string
  collection?: string
  dateOrder?: DateOrder
  timezone?: string
}

export interface Source {
  name: string
  items: AsyncIterable<Item>
}

interface Needs {
  /** Called once it is known how much there is to read. */
  begin(total: number, unit: 'bytes' | 'documents'): OnRead
  defer: Defer
}

interface Traits {
  label: string
  /** How often it reads its file. */
  passes(options: SourceOptions): number
  /** Options. */
  takes: string[]
}

const TRAITS: Record<SourceName, Traits> = {
  django: { label: 'Django', passes: () => 2, takes: ['timezone'] },
  telegram: { label: 'Telegram', passes: ({ me }) => (me ? 2 : 1), takes: ['me', 'timezone'] },
  whatsapp: {
    label: 'WhatsApp',
    passes: () => 2,
    takes: ['me', 'user', 'conversation', 'provider', 'dateOrder', 'timezone'],
  },
  langchain: { label: 'LangChain', passes: () => 1, takes: ['provider', 'collection'] },
}
const MONGODB = /^mongodb(?:\+srv)?:\/\//
/** LangChain's own default in Python. In JavaScript everybody names their own. */
const COLLECTION = 'message_store'

/** @throws UsageError for options that do not go with it, BrokenSource for what is none */
export async function openSource(path: string, options: SourceOptions, needs: Needs): Promise<Source> {
  if (MONGODB.test(path)) return openServer(path, options, needs)
  let onRead: OnRead = () => {}
  const file = await openFile(path, (amount) => onRead(amount))
  const beginning = await beginningOf(file)
  const from = options.from ?? recognise(beginning, file.name)
  assertTaken(from, options)
  if (options.collection) throw new UsageError('--collection is for a URI of MongoDB')
  const { label, passes } = TRAITS[from]
  onRead = needs.begin(file.size * passes(options), 'bytes')
  const zone = options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const given = { ...options, timezone: zone }
  const open: Record<SourceName, () => AsyncIterable<Item> | Promise<AsyncIterable<Item>>> = {
    django: () => readDjango(file, documentsIn(beginning), zone),
    telegram: () => readTelegram(file, given),
    whatsapp: () => readWhatsApp(file, { provider: 'whatsapp-export', ...given }),
    langchain: () => readHistories(readExport(file, documentsIn(beginning)), options.provider ?? 'langchain'),
  }
  return { name: `${label}, ${file.name}`, items: await open[from]() }
}

async function openServer(uri: string, options: SourceOptions, { begin, defer }: Needs): Promise<Source> {
  if ((options.from ?? 'langchain') !== 'langchain')
    throw new UsageError(`--from ${options.from} takes a file, not a URI`)
  assertTaken('langchain', options)
  let onRead: OnRead = () => {}
  const read = (amount: number) => onRead(amount)
  const { name, total, documents } = await openCollection(uri, options.collection ?? COLLECTION, read, defer)
  onRead = begin(total, 'documents')
  return { name: `LangChain, ${name}`, items: readHistories(documents, options.provider ?? 'langchain') }
}

function assertTaken(source: SourceName, { from, ...options }: SourceOptions): void {
  const { label, takes } = TRAITS[source]
  const [other] = Object.keys(options).filter((option) => !takes.includes(option))
  if (!other) return
  const name = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UsageError(`--${name} is not for what comes from ${label}`)
}
