import { randomUUID } from 'node:crypto'
import { type Agent, type AgentInputItem, Runner } from '@openai/agents-core'
import { agentsSession } from 'dialogue-store/openai-agents'
import { createMemory, type Memory, type Store } from './memory.ts'

interface Needs {
  store: Store
  agent: Agent<Memory>
  /** Who chats, as the terminal knows them. */
  name: string
  timezone: string
}

export interface Answer {
  says: string
  /** The chat is over. */
  isLast?: true
}

/** What the model is given of a conversation, which the SDK reads as a whole before each run. */
const MOST_ITEMS = 100

const HELP = 'Say something, or /new for another conversation, /memory, /forget, /help, /quit.'

/** A chat with one user. Each line is answered before the next one is taken. */
export async function openChat({ store, agent, name, timezone }: Needs) {
  const identity = { provider: 'terminal', id: name }
  const { user, created } = await store.ensureUser(identity, { timezone })
  const memory = createMemory(store, user.id, user.timezone ?? timezone)
  const runner = new Runner({ tracingDisabled: true })
  let conversationId = user.data.conversation ?? (await begin())

  /** The next process goes on with it. */
  async function begin(): Promise<string> {
    const conversation = randomUUID()
    await store.updateUser(user.id, { data: { conversation } })
    return conversation
  }

  /** One run at a time, also if the same person chats in two terminals: neither of them misses what the other one says. */
  async function talk(text: string): Promise<string> {
    const session = agentsSession(store, { identity, conversationId })
    const result = await store.withUserLock(user.id, () =>
      runner.run(agent, text, {
        ...{ session, context: memory },
        sessionInputCallback: (history, news) => [...latestOf(history), ...news],
      }),
    )
    return result.finalOutput ?? ''
  }

  async function beginAnew(): Promise<string> {
    conversationId = await begin()
    return 'This is another conversation: of the last one I know nothing but what I was to remember.'
  }

  async function tellMemory(): Promise<string> {
    const { facts, events } = await memory.recall()
    return [...facts, ...events].join('\n') || 'Nothing yet.'
  }

  async function forget(): Promise<Answer> {
    const { messages, events } = await store.deleteUser(user.id)
    return { says: `Erased: ${messages} messages, ${events} appointments, and you.`, isLast: true }
  }

  let asksToForget = false
  return {
    greeting: created ? `Hello. ${HELP}` : `Welcome back. ${HELP}`,
    async answer(line: string): Promise<Answer> {
      if (line === '/quit') return { says: 'Until next time.', isLast: true }
      if (asksToForget) {
        asksToForget = false
        return line === 'yes' ? forget() : { says: 'Nothing is erased.' }
      }
      if (line === '/forget') {
        asksToForget = true
        return { says: 'Shall I erase all that we have said, and what I know of you? yes or no' }
      }
      if (line === '/new') return { says: await beginAnew() }
      if (line === '/memory') return { says: await tellMemory() }
      return { says: line === '/help' ? HELP : await talk(line) }
    },
  }
}

/** From something that the user says: the result of a tool without its call is refused by models. */
function latestOf(history: AgentInputItem[]): AgentInputItem[] {
  const latest = history.slice(-MOST_ITEMS)
  const first = latest.findIndex((item) => 'role' in item && item.role === 'user')
  return first < 0 ? [] : latest.slice(first)
}
