import { setTimeout as pause } from 'node:timers/promises'
import { createCalendarSync } from '../../../../src/google-calendar.ts'
import { openStore } from '../../../../src/index.ts'
import { clientOf } from '../../../calendar-server/client.ts'

/* Brings both sides together until it is killed: by its parent, or with it. */
const [uri = '', dbName = '', url = '', token = '', importAs = ''] = process.argv.slice(2)
process.on('disconnect', () => process.exit())

const store = await openStore({ uri, dbName })
const sync = createCalendarSync(store, {
  ...{ calendar: clientOf({ url }, token), importAs: () => importAs, requestsPerMinute: 100_000 },
})
process.send?.('ready')
for (;;) {
  /* What fails is tried again. */
  await sync.push().catch(() => {})
  await sync.pull('primary').catch(() => {})
  await pause(20)
}
