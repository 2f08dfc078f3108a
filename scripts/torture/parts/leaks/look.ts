import { DialogueStoreError } from '../../../../src/index.ts'
import type { Tally } from '../../part.ts'
import { markIn } from './marks.ts'
import type { Meddle } from './plants.ts'
import { shownOf } from './shown.ts'
import type { Watch } from './watch.ts'

export interface Looked {
  /** What it gave, or was rejected with. */
  error: unknown
  value: unknown
}

interface Options {
  /** What the caller's own function throws comes back as it is. */
  thrown?: unknown
  /** Where it has to show a fault that was committed. */
  meddle?: Meddle | undefined
}

export type Look = ReturnType<typeof createLook>

/** Looks at how calls end, and at what was said meanwhile. */
export function createLook(tally: Tally, watch: Watch) {
  const codes = new Map<string, number>()

  function examine(what: string, title: string, error: unknown, { thrown, meddle }: Options): void {
    if (thrown !== undefined && error === thrown) return
    if (!(error instanceof DialogueStoreError)) {
      tally.lost(
        what,
        `${title}: rejected with what is no DialogueStoreError: ${markIn(shownOf(error)) ?? error}`,
      )
      return
    }
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
    meddle?.(error)
    /* What the states are that a caller named, and that are, is for the caller: the contract says so. */
    if (error.code === 'STATE_CONFLICT')
      for (const field of ['expected', 'actual']) Reflect.deleteProperty(error, field)
    const mark = markIn(shownOf(error), error.code === 'INVALID_INPUT')
    if (mark) tally.lost(what, `${title}: ${error.code} shows a mark ${mark}`)
  }

  return {
    codes,
    /** Something else came of it than was to be looked at. */
    missed: (what: string, detail: string): void => tally.lost(what, detail),
    async at(
      what: string,
      title: string,
      call: () => Promise<unknown>,
      options: Options = {},
    ): Promise<Looked> {
      const ended = await inTime(
        start(call).then(
          (value) => ({ value, error: undefined }),
          (error: unknown) => ({ value: undefined, error }),
        ),
      )
      if (!ended) tally.lost(what, `${title}: does not end`)
      tally.tried(what)
      if (ended?.error !== undefined) examine(what, title, ended.error, options)
      for (const error of rejectedIn(ended?.value)) examine(what, title, error, options)
      for (const leak of watch.take()) tally.lost(what, `${title}: ${leak.where} shows a mark ${leak.what}`)
      return ended ?? { error: undefined, value: undefined }
    },
  }
}

/** More than any deadline, and than a busy machine adds. */
const LONGEST_MS = 60_000

async function inTime<T>(call: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LONGEST_MS)
  })
  return Promise.race([call, late]).finally(() => clearTimeout(timer))
}

/** A call that throws at once is one that fails, too. */
const start = async (call: () => Promise<unknown>): Promise<unknown> => call()

/** Of messages that were stored together. */
const rejectedIn = (value: unknown): unknown[] =>
  Array.isArray(value)
    ? value.flatMap((one: unknown) =>
        typeof one === 'object' && one !== null && 'error' in one ? [one.error] : [],
      )
    : []
