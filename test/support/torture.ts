/**
 * Whether to try everything, as often as it takes to hit what is rare. Without it every kind of fault still meets
 * every kind of command: what repeats is repeated less.
 */
export const isTorture = Boolean(process.env.TORTURE)

/** How often to do something: by default, and under torture. */
export const rounds = (usual: number, torture: number): number => (isTorture ? torture : usual)
