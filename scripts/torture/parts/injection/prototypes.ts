const PROTOTYPES = [Object, Array, Function, String, Number, Boolean, Date, RegExp, Promise, Map, Error].map(
  (of): [string, object] => [of.name, of.prototype],
)

type Snapshot = Map<string, ReadonlyMap<string | symbol, PropertyDescriptor | undefined>>

const propertiesOf = (prototype: object) =>
  new Map(Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]))

/** What everything inherits, to be compared later. */
export const snapshot = (): Snapshot =>
  new Map(PROTOTYPES.map(([name, prototype]) => [name, propertiesOf(prototype)]))

/** What is not as it was, and makes it so again. */
export function changesSince(before: Snapshot): string[] {
  return PROTOTYPES.flatMap(([name, prototype]) => {
    const was = before.get(name) ?? new Map()
    const is = propertiesOf(prototype)
    const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
      (key) => was.get(key)?.value !== is.get(key)?.value || was.has(key) !== is.has(key),
    )
    for (const key of changed) restore(prototype, key, was.get(key))
    return changed.map((key) => `${name}.prototype.${String(key)}`)
  })
}

function restore(prototype: object, key: string | symbol, was: PropertyDescriptor | undefined): void {
  if (was) Object.defineProperty(prototype, key, was)
  else Reflect.deleteProperty(prototype, key)
}
