/** The collection of the library's own bookkeeping: migrations, their lease, what no collection option holds. */
export const META = 'meta'

export interface RetentionMeta {
  _id: 'retention'
  /** Rolling: how many messages a user keeps. */
  maxPerUser?: number
  /** Until when writers wait, because a conversion is about to swap the collections. Server's clock. */
  fencedUntil?: Date
}
