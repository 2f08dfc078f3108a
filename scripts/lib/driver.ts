import mongoose from 'mongoose'

const { MongoClient, MongoServerSelectionError } = mongoose.mongo
const PATIENCE_MS = 5000

/**
 * A connection of the plain driver, for what is not a store's business.
 *
 * @throws Error of one sentence after 5 s; nothing of the URI is in it but the hosts
 */
export async function connectDriver(uri: string): Promise<mongoose.mongo.MongoClient> {
  try {
    return await new MongoClient(uri, { serverSelectionTimeoutMS: PATIENCE_MS }).connect()
  } catch (error) {
    /* Without its cause: what the driver says may quote the URI. */
    throw new Error(error instanceof MongoServerSelectionError ? outOfReach(uri) : refused(uri))
  }
}

const outOfReach = (uri: string): string =>
  `MongoDB at ${hostsOf(uri)} does not answer within ${PATIENCE_MS / 1000} s. Is it running, and is the URI right?`

const refused = (uri: string): string =>
  `MongoDB at ${hostsOf(uri)} cannot be used with this URI. Check its syntax, its user and its password.`

/** `a:27017,b:27017` of `mongodb://user:password@a:27017,b:27017/db?replicaSet=rs0`; nothing that could be else. */
function hostsOf(uri: string): string {
  const [, hosts] =
    /^[a-z+]+:\/\/(?:.*@)?((?:[\w.-]+|\[[\w:]+\])(?::\d+)?(?:,[\w.:[\]-]+)*)(?:[/?]|$)/.exec(uri) ?? []
  return hosts ?? 'an address without a host'
}
