/** The source ends in the middle, or is not what it begins as. What came before it was read. */
export class BrokenSource extends Error {}

/** What was asked for does not go with this source: an option says more. */
export class UsageError extends Error {}
