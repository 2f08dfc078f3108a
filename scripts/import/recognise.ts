import { BrokenSource } from './faults.ts'
import type { SourceFile } from './file.ts'
import { styleOf } from './whatsapp/header.ts'

export const SOURCES = ['django', 'telegram', 'whatsapp', 'langchain'] as const
export type SourceName = (typeof SOURCES)[number]

/** So much of a file tells what it is. */
const BEGINNING = 2 ** 16

/** What a file begins with: text, without a mark of its encoding. */
export async function beginningOf(file: SourceFile): Promise<string> {
  const text = (await firstOf(file)).toString('utf8').replace(/^\ufeff/, '')
  if (text.startsWith('PK\x03\x04')) throw new BrokenSource(`${file.name} is a ZIP archive: unpack it first.`)
  if (text.includes('\0')) throw new BrokenSource(`${file.name} is not text in UTF-8: it has NULs.`)
  return text
}

/** A fault that is so near meets whoever reads on, too. */
async function firstOf(file: SourceFile): Promise<Buffer> {
  let first = Buffer.of()
  try {
    for await (const chunk of file.bytes()) {
      first = Buffer.concat([first, chunk])
      if (first.length >= BEGINNING) break
    }
  } catch (error) {
    if (!(error instanceof BrokenSource) || first.length === 0) throw error
  }
  return first
}

/** @throws BrokenSource for a file that is none of them */
export function recognise(beginning: string, name: string): SourceName {
  const found = sourceOf(beginning)
  if (found) return found
  throw new BrokenSource(
    `${name} begins as no dumpdata of Django, result.json of Telegram Desktop, chat of WhatsApp or collection of ` +
      'LangChain does. If it is one of them, say which one: --from',
  )
}

const JSON_TEXT = /^\s*[[{]/
const DJANGO = /"model":.*"fields":/s
const TELEGRAM =
  /"personal_information":|"chats":|"type":\s*"(?:\w+_chat|saved_messages|(?:private|public)_\w+)"/
const LANGCHAIN = /"(?:sessionId|SessionId)":/

function sourceOf(beginning: string): SourceName | undefined {
  if (beginning.split('\n').some(styleOf)) return 'whatsapp'
  if (!JSON_TEXT.test(beginning)) return undefined
  if (DJANGO.test(beginning)) return 'django'
  if (LANGCHAIN.test(beginning)) return 'langchain'
  return TELEGRAM.test(beginning) ? 'telegram' : undefined
}

/** Where the documents are in a file of many: in an array, or one after the other. */
export const documentsIn = (beginning: string): string => (/^\s*\[/.test(beginning) ? '$.*' : '$')
