import { UsageError, untilFault } from '../faults.ts'
import type { SourceFile } from '../file.ts'
import { identityOf, type Named, otherOf } from './chat.ts'
import { telegramMessage } from './message.ts'
import { readParts } from './parts.ts'

const said = telegramMessage.pick({ from_id: true, from: true })

/**
 * Reads all of a file, to know in which of its chats the bot is: an account has others, which are nobody's business.
 *
 * @param me a `from_id`, or a name, which may be that of several
 * @throws UsageError if nobody in the file is that
 */
export async function surveyTelegram(file: SourceFile, me: string): Promise<Named> {
  const ids = new Set<string>()
  const chats = new Set<string>()
  const isMe = (fromId: string, name: string | null | undefined) => {
    const isNamed = identityOf(fromId) !== undefined && (fromId === me || name === me)
    if (isNamed) ids.add(fromId)
    return isNamed
  }
  let parts = 0
  for await (const part of untilFault(readParts(file))) {
    parts++
    if ('account' in part) isMe(part.account, undefined)
    else {
      const { chat, found } = part
      isMe(otherOf(chat) ?? '', chat.name)
      const { from_id: fromId, from } = said.safeParse(found.value).data ?? {}
      if (isMe(fromId ?? '', from)) chats.add(chat.path)
    }
  }
  if (parts > 0 && ids.size === 0)
    throw new UsageError(`nobody in ${file.name} is what --me says: ${INSTEAD}`)
  return { ids, chats }
}

const INSTEAD =
  'give a from_id (user123) or a name that is in it; or leave --me out, if the bot is the account that exported'
