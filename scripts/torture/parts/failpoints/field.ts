import mongoose from 'mongoose'
import { startServer } from '../../../../src/testing/server.ts'
import { startCalendarServer } from '../../../calendar-server/index.ts'
import type { Defer } from '../../../lib/run.ts'
import { coursesOn } from './course.ts'
import { openGround, quiet } from './ground.ts'
import { leftOn } from './leftovers.ts'
import { openLine } from './line.ts'
import { openings } from './openings.ts'
import { WITH_MESSAGES, WITHOUT_MESSAGES } from './operations/index.ts'

const MIB = 2 ** 20
/* What nobody ends, since its reply was lost, the server does: soon, so that what is left over is somebody's fault. */
const LIMITS = [
  'transactionLifetimeLimitSeconds=5',
  'cursorTimeoutMillis=3000',
  'enableTimeoutOfInactiveSessionCursors=true',
]

export type Field = Awaited<ReturnType<typeof openField>>

/** A server, the line to it, and all that is done there. Fields are alike: what one has learnt is so on all. */
export async function openField(defer: Defer) {
  const args = LIMITS.flatMap((limit) => ['--setParameter', limit])
  const { uri, members, stop } = await startServer({ own: true, args })
  defer(stop)
  const admin = await mongoose.mongo.MongoClient.connect(uri)
  defer(() => admin.close())
  const line = await openLine(members[0]?.port ?? 0, admin.db('admin'))
  defer(async () => line.close())
  const calendars = await startCalendarServer({ quota: { perMinute: 1_000_000 }, allowHttp: true })
  defer(calendars.stop)
  const needs = { uri, line, admin, calendars, defer }
  const capped = await openGround(needs, 'failpoints-capped', { kind: 'capped', sizeBytes: 4 * MIB })
  const rolling = await openGround(needs, 'failpoints-rolling', { kind: 'rolling', maxPerUser: 2000 })
  const dbName = 'failpoints-opening'
  const place = { uri, dbName, db: admin.db(dbName), timeoutMs: 30_000 }
  const courses = [
    ...coursesOn(capped, { ...WITH_MESSAGES, ...WITHOUT_MESSAGES }),
    ...coursesOn(rolling, WITH_MESSAGES),
    ...openings(place, line.uri),
  ]
  const byName = new Map(courses.map((course) => [course.name, course]))
  return {
    line,
    courses,
    course(name: string) {
      const course = byName.get(name)
      if (!course) throw new Error(`There is no course "${name}".`)
      return course
    },
    quiet: () => quiet(admin),
    /** What should not be there any more, in words, for each database. */
    async leftovers(): Promise<string[][]> {
      const left: string[][] = []
      for (const ground of [capped, rolling])
        left.push((await leftOn(ground, uri)).map((one) => `${ground.name}: ${one}`))
      return left
    },
  }
}
