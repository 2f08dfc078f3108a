const INTERNALS = Symbol('dialogue-store')

/**
 * A store that parts of the package beside it can look into; so can a copy made by spreading. A function, since what
 * prints a store would print a connection, with its password.
 */
export const withInternals = <S extends object, I extends object>(store: S, internals: I): S =>
  Object.assign(store, { [INTERNALS]: () => internals })

/** Of a store; undefined for anything else. */
export const internalsOf = (store: object): unknown => {
  const look: unknown = Reflect.get(store, INTERNALS)
  return typeof look === 'function' ? look() : undefined
}
