type Path = (string | number)[]

/**
 * Where two values first differ: in kind, keys or their order, in a prototype, in the sign of zero. Says no more of a
 * value than what it is. Undefined: nowhere.
 */
export function differenceOf(expected: unknown, actual: unknown, path: Path = []): string | undefined {
  if (Object.is(expected, actual)) return undefined
  const differs = (how: string) => `at ${JSON.stringify(path)}: ${how}`
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length)
      return differs(`${actual.length} items instead of ${expected.length}`)
    return firstOf(expected.keys(), (i) => differenceOf(expected[i], actual[i], [...path, i]))
  }
  if (!isObject(expected) || !isObject(actual))
    return differs(`${kindOf(actual)} instead of ${kindOf(expected)}`)
  const [wanted, found] = [Object.keys(expected), Object.keys(actual)]
  if (JSON.stringify(wanted) !== JSON.stringify(found))
    return differs(`keys ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
  if (Object.getPrototypeOf(actual) !== Object.prototype) return differs('an object of a class')
  return firstOf(wanted, (key) => differenceOf(expected[key], actual[key], [...path, key]))
}

function firstOf<T>(items: Iterable<T>, look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item)
    if (found) return found
  }
  return undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return Object.is(value, -0) ? '-0' : `${value}`
  if (typeof value === 'string') return `a text of ${value.length}`
  return Array.isArray(value) ? 'an array' : typeof value
}
