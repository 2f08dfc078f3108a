import { expect, test } from '@jest/globals'
import { mongooseSchemaOf } from '../../src/db/definition.ts'
import { MODELS } from '../../src/migrations/baseline.ts'

test.each(MODELS.filter(({ owner }) => owner.endsWith('Id')))(
  'a document of $collection refers to its user, and can be populated with them',
  (model) => {
    const schema = mongooseSchemaOf(model)
    expect(schema.path(model.owner)).toMatchObject({ instance: 'ObjectId', options: { ref: 'User' } })
    expect(schema.virtuals).toHaveProperty(model.owner.replace(/Id$/, ''))
  },
)
