declare global {
  /** By how much this process takes it to be later than it is. */
  var clockShiftMs: number
}

/*
 * Puts the clock of this process forward or back, for whatever is imported after it: a time that is named stays what it
 * is, and now is another one.
 */
const now = Date.now
globalThis.clockShiftMs = 0

globalThis.Date = new Proxy(Date, {
  construct: (target, given: ConstructorParameters<typeof Date> | [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now() + globalThis.clockShiftMs] : given, newTarget),
  get: (target, key) => (key === 'now' ? () => now() + globalThis.clockShiftMs : Reflect.get(target, key)),
})
