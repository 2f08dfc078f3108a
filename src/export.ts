import type { ObjectId } from './ids.ts'
import { id, parse } from './input.ts'
import { type Session, type SessionDocument, toSession } from './sessions/schema.ts'

/** One document of what the store holds of a user. */
export type ExportItem<User = unknown, Context = unknown, Event = unknown, Message = unknown> =
  | { kind: 'user'; data: User }
  | { kind: 'context'; data: Context }
  | { kind: 'event'; data: Event }
  | { kind: 'message'; data: Message }
  | { kind: 'session'; data: Session }

interface Sources<User, Context, Event, Message> {
  getUser(userId: unknown): Promise<User>
  retrieveContext(userId: unknown): Promise<Context>
  eventsOf(userId: unknown, cursor: string | null): Promise<{ events: Event[]; nextCursor: string | null }>
  sessionsOf(userId: ObjectId): AsyncIterable<SessionDocument>
  iterateHistory(userId: unknown): AsyncIterable<Message>
}

/** Everything of a user, a page at a time. */
export function createExport<User, Context, Event, Message>(sources: Sources<User, Context, Event, Message>) {
  return {
    async *exportUser(userId: unknown): AsyncGenerator<ExportItem<User, Context, Event, Message>> {
      yield { kind: 'user', data: await sources.getUser(userId) }
      yield { kind: 'context', data: await sources.retrieveContext(userId) }
      let cursor: string | null = null
      do {
        const page: { events: Event[]; nextCursor: string | null } = await sources.eventsOf(userId, cursor)
        for (const event of page.events) yield { kind: 'event', data: event }
        cursor = page.nextCursor
      } while (cursor)
      for await (const session of sources.sessionsOf(parse(id, userId, ['userId'])))
        yield { kind: 'session', data: toSession(session) }
      for await (const message of sources.iterateHistory(userId)) yield { kind: 'message', data: message }
    },
  }
}
