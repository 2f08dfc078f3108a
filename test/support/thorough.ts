/**
 * Whether to try everything, as often as it takes to hit what is rare. Without it every kind of fault still meets
 * every kind of command: what repeats is repeated less.
 */
export const isThorough = Boolean(process.env.THOROUGH)

/** How often to do something: by default, and where everything is tried. */
export const rounds = (usual: number, thorough: number): number => (isThorough ? thorough : usual)
