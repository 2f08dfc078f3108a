import type { Message } from '../../src/index.ts'
import type { DemoContext } from './shapes.ts'

const TOPICS = 6
/** Long words that people use whatever they talk about. */
const SAY_NOTHING = new Set(
  `about actually after almost already alright although always amazing another answer anyone anything anyway around awesome
  because become before believe better between called change choose coming course definitely different during
  either enough especially everyone everything exactly excited favorite figure friend friends getting hahaha
  hahahaha happen happened having honest honestly hopefully imagine important instead interested interesting
  little living looking making million minutes morning mostly myself nothing others outside people person places
  played playing please points possible pretty probably problem question rather really reason recently remember saying
  second seriously should someone something sometimes sounds started taking talked talking thanks things thinking
  though thought through together tomorrow totally trying understand unless usually wanted watched whatever without
  wonder working wouldn yourself`.split(/\s+/),
)

/** A language model would write this; here it counts words. From what was known, and the messages since then. */
export function summarise(known: DemoContext, news: Message[]): DemoContext {
  const counts = new Map(Object.entries(known.topics ?? {}))
  for (const { content } of news.filter(({ sender }) => sender === 'user')) {
    for (const word of new Set(content.toLowerCase().match(/\p{L}{6,}/gu))) {
      if (!SAY_NOTHING.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
  }
  const topics = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, TOPICS)
  const most = topics.slice(0, 3).map(([word]) => word)
  return {
    summary: most.length > 0 ? `Talks about ${most.join(', ')}.` : 'Has not said much yet.',
    topics: Object.fromEntries(topics),
    messages: (known.messages ?? 0) + news.length,
  }
}
