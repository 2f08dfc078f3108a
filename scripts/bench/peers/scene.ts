/** Where a peer works: a database of its own on the server of all, with as many people as the others have. */
export interface Scene {
  uri: string
  dbName: string
  users: number
  /** Messages are kept in a capped collection of that size; 0: in an ordinary one. */
  capBytes: number
}

/** How somebody is called where they write from. */
export const phoneOf = (user: number): string => `+55 11 9${String(user).padStart(8, '0')}`
