import { setTimeout as pause } from 'node:timers/promises'
import type { DialogueStore } from '../../../../src/index.ts'

/** A page of a whole history, and what follows from it. */
export interface Following {
  page: ReadonlySet<string>
  followed: readonly string[]
  /** Waits until so many have come that these are among them, and ends. */
  end(wanted: ReadonlySet<string>): Promise<void>
}

const PATIENCE_MS = 20_000
/** What would come twice may come a moment later. */
const REST_MS = 100

/** Follows from a page's `live`. Some lose their place again and again, and go on from the last item's `resume`. */
export async function follow(store: DialogueStore, userId: string, isForgetful: boolean): Promise<Following> {
  const { messages, live } = await store.retrieveHistory(userId, { limit: 1000, count: false })
  const page = new Set(messages.map(({ id }) => id))
  const followed: string[] = []
  const controller = new AbortController()
  const run = async () => {
    let after = live
    while (!controller.signal.aborted) {
      let left = isForgetful ? 20 : Number.POSITIVE_INFINITY
      for await (const item of store.followMessages({ userId, after, signal: controller.signal })) {
        followed.push(item.message.id)
        after = item.resume
        if (--left === 0) break
      }
    }
  }
  const running = run()
  running.catch(() => {})
  return {
    page,
    followed,
    async end(wanted) {
      const missing = () => {
        const seen = new Set([...page, ...followed])
        return [...wanted].some((id) => !seen.has(id))
      }
      for (const end = performance.now() + PATIENCE_MS; missing() && performance.now() < end; )
        await pause(20)
      await pause(REST_MS)
      controller.abort()
      await running
    },
  }
}

/** A message that neither the page had nor what followed. */
export function gapIn({ page, followed }: Following, stayed: ReadonlySet<string>): string | undefined {
  const seen = new Set(followed)
  const gap = [...stayed].find((id) => !seen.has(id) && !page.has(id))
  return gap && `${gap} is neither on the page nor followed it`
}

export function repeatIn({ page, followed }: Pick<Following, 'page' | 'followed'>): string | undefined {
  const repeat = followed.find((id, i) => page.has(id) || followed.indexOf(id) !== i)
  return repeat && `${repeat} came twice${page.has(repeat) ? ', first on the page' : ''}`
}
