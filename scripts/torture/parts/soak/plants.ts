import type mongoose from 'mongoose'
import { ObjectId } from '../../../../src/ids.ts'
import type { Attempt } from '../../part.ts'

export const plants = {
  lost: 'deletes a message behind the back of the store',
  changed: 'changes a context behind the back of the store',
  leak: 'keeps a megabyte of each turn',
  cursors: 'leaves a cursor open after each turn',
}

/** Commits the fault, if one is wanted. */
export function planter({ plant }: Attempt, db: mongoose.mongo.Db) {
  const kept: unknown[] = []
  return {
    async afterTurn(): Promise<void> {
      if (plant === 'leak') kept.push(new Array(2 ** 17).fill(plant))
      if (plant === 'cursors') {
        const cursor = db.collection('dialogue_journal').aggregate([{ $changeStream: {} }])
        await cursor.tryNext()
        kept.push(cursor)
      }
    },
    async beforeCheck(id: string): Promise<void> {
      const userId = new ObjectId(id)
      if (plant === 'lost') await db.collection('dialogue_messages').deleteOne({ userId })
      if (plant === 'changed')
        await db.collection('dialogue_contexts').updateOne({ userId }, { $set: { 'data.turns': -1 } })
    },
  }
}
