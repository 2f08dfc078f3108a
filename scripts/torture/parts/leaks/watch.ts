import { Writable } from 'node:stream'
import pino from 'pino'
import { markIn } from './marks.ts'
import { shownOf } from './shown.ts'

/** Something that shows what it must not. */
export interface Leak {
  where: string
  what: string
}

export type Watch = ReturnType<typeof startWatch>

/** Reads along what is logged, and what the process says. Only what shows something is kept. */
export function startWatch() {
  let leaks: Leak[] = []
  let lines = 0
  const scan = (where: string, text: string): void => {
    const what = markIn(text)
    if (what) leaks.push({ where, what })
  }
  const log = new Writable({
    write(chunk, _, done) {
      lines++
      scan('a log line', String(chunk))
      done()
    },
  })
  const onWarning = (warning: Error) => scan('a warning of the process', shownOf(warning))
  const onRejection = (reason: unknown) => {
    const shown = shownOf(reason)
    leaks.push({ where: 'a rejection that nobody handled', what: markIn(shown) ?? shown })
  }
  process.on('warning', onWarning)
  process.on('unhandledRejection', onRejection)
  const unhear = [process.stdout, process.stderr].map((stream) =>
    overhear(stream, (text) => scan('output', text)),
  )
  return {
    logger: pino({ level: 'trace' }, log),
    lines: () => lines,
    /** What was found since it was asked last. */
    take(): Leak[] {
      const taken = leaks
      leaks = []
      return taken
    },
    stop(): void {
      process.off('warning', onWarning)
      process.off('unhandledRejection', onRejection)
      for (const stop of unhear) stop()
    },
  }
}

function overhear(stream: NodeJS.WriteStream, hear: (text: string) => void): () => void {
  const { write } = stream
  stream.write = new Proxy(write, {
    apply(target, self, args) {
      hear(String(args[0]))
      return Reflect.apply(target, self, args)
    },
  })
  return () => {
    stream.write = write
  }
}
