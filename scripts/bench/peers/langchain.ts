import {
  AIMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  type StoredMessage,
} from '@langchain/core/messages'
import { MongoDBChatMessageHistory } from '@langchain/mongodb'
import { MongoClient } from 'mongodb'
import type { Line, Peer } from './peer.ts'

/**
 * LangChain's chat history as its documentation shows it: a session for each person, which is one document. Each
 * message makes that longer, and to read some is to read all.
 */
export const peer: Peer = {
  name: 'LangChain',

  async open({ uri, dbName }) {
    const client = new MongoClient(uri, { writeConcern: { w: 'majority', j: true } })
    await client.connect()
    const collection = client.db(dbName).collection('memory')
    const sessions = client.db(dbName).collection<{ sessionId: string; messages: StoredMessage[] }>('memory')
    /* More than its documentation says: without it each call looks at every session. */
    await collection.createIndex({ sessionId: 1 }, { unique: true })
    const sessionIdOf = (user: number) => `session-${user}`
    const histories = new Map<number, MongoDBChatMessageHistory>()
    const historyOf = (user: number) => {
      const known = histories.get(user)
      if (known) return known
      const history = new MongoDBChatMessageHistory({ collection, sessionId: sessionIdOf(user) })
      histories.set(user, history)
      return history
    }
    return {
      storeLine: (user, line) => historyOf(user).addMessage(toMessage(line)),
      newest: async (user, limit) => (await historyOf(user).getMessages()).slice(-limit),
      /* What `addMessages` would do one by one, writing the whole document for each. */
      fill: (user, lines) =>
        sessions.updateOne(
          { sessionId: sessionIdOf(user) },
          { $push: { messages: { $each: mapChatMessagesToStoredMessages(lines.map(toMessage)) } } },
          { upsert: true },
        ),
      close: () => client.close(),
    }
  },
}

const toMessage = ({ sender, content }: Line) =>
  sender === 'assistant' ? new AIMessage(content) : new HumanMessage(content)
