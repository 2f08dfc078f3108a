import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type Child, type ChildOptions, lastOf, startChild } from './child.ts'

/** A process that answers each line with a line, both JSON. */
export interface LineProcess {
  /** @throws Error with what the process answers in `error`, or with what it said when it ended */
  ask(request: object): Promise<unknown>
  /** Ends it at once: its stdin ends. */
  stop(): Promise<void>
}

const failure = z.object({ error: z.string() })

export async function startLines(
  command: string,
  args: string[],
  options: ChildOptions,
): Promise<LineProcess> {
  const child = await startChild(command, args, options)
  const { stdin, stdout } = child.process
  if (!stdin || !stdout) throw new Error(`${command} has no pipes`)
  const lines = createInterface({ input: stdout })
  return {
    async ask(request) {
      const line = once(lines, 'line')
      stdin.write(`${JSON.stringify(request)}\n`)
      const answer: unknown = JSON.parse(await Promise.race([line.then(([text]) => text), deathOf(child)]))
      const { data } = failure.safeParse(answer)
      if (data) throw new Error(data.error)
      return answer
    },
    async stop() {
      stdin.end()
      await child.ended
    },
  }
}

async function deathOf({ ended, said }: Child): Promise<never> {
  const code = await ended
  throw new Error(`the process ended (${code ?? 'killed'}): ${lastOf(said())}`)
}
