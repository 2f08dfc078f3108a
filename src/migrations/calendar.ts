import { validatorOf } from '../db/definition.ts'
import { AT_ONCE } from '../events/outbox.ts'
import { DUE, events } from '../events/schema.ts'
import { CALENDAR_MODELS } from './baseline.ts'
import { createCollections } from './collections.ts'
import type { Migration } from './migration.ts'

/** The validator refuses changes of all others: they would keep the migration from ever ending. `check` tells of them. */
const SOUND = validatorOf(events)

/** Events become their own outbox: what was stored before is to be published, too. */
export const calendar: Migration = {
  name: '0002-calendar',
  creates: CALENDAR_MODELS,
  async up({ database }) {
    await createCollections(database, [events, ...CALENDAR_MODELS])
    const unsaid = [{ 'calendarSync.etag': { $exists: false } }, { 'calendarSync.state': 'changed' }]
    const unknown = { 'calendarSync.dueAt': { $exists: false }, $or: unsaid }
    const due = { $set: { 'calendarSync.dueAt': AT_ONCE } }
    await database.internal(events.collection).updateMany({ ...SOUND, ...unknown }, due)
  },
  /** What is to be published, or removed, is forgotten. */
  async down({ database }) {
    for (const model of CALENDAR_MODELS.toReversed()) await database.internal(model.collection).drop()
    const collection = database.internal(events.collection)
    const indexes = await collection.indexes()
    const due = indexes.find(({ key }) => Object.keys(key).join() === Object.keys(DUE).join())
    if (due?.name) await collection.dropIndex(due.name)
    /* What was published stays so, and known: going up again, nothing is published twice. */
    const gone = ['dueAt', 'owner', 'until', 'editedAt'].map((field) => [`calendarSync.${field}`, ''])
    await collection.updateMany(SOUND, { $unset: Object.fromEntries(gone) })
  },
}
