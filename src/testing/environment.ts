let turn: Promise<unknown> = Promise.resolve()

/**
 * Runs `work` while an environment variable has another value, and puts the old one back. What reads the
 * variable reads it at some time within `work`, so that works wait for each other.
 *
 * @param value undefined: the variable is not set
 */
export function withVariable<T>(name: string, value: string | undefined, work: () => Promise<T>): Promise<T> {
  const result = turn.then(async () => {
    const before = process.env[name]
    setVariable(name, value)
    try {
      return await work()
    } finally {
      setVariable(name, before)
    }
  })
  turn = result.catch(() => {})
  return result
}

/** Assigning undefined would store the text "undefined". */
function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
