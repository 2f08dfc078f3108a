/* How long it takes until a bot can use the store: its database is migrated already. */
const { ENTRY, URI, DB } = process.env
const start = performance.now()
const { openStore } = await import(ENTRY)
const store = await openStore({ uri: URI, dbName: DB })
process.stdout.write(String(performance.now() - start))
await store.close()
