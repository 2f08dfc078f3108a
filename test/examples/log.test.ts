import { expect, test } from '@jest/globals'
import { summaryOf } from '../../scripts/examples/common/log.ts'

test('the log quotes no error that may quote people', () => {
  const cause = Object.assign(new TypeError('data:,secret'), { code: 'ERR_INVALID_URL' })
  const said = summaryOf(new Error('a secret\n    at secret (here:1)', { cause }))
  expect(said).toMatchObject({
    name: 'Error',
    stack: expect.stringMatching(/^ +at .*log\.test\.ts/),
    cause: { name: 'TypeError', code: 'ERR_INVALID_URL' },
  })
  expect(JSON.stringify(said)).not.toContain('secret')
})

test.each([null, undefined, 'a secret', { message: 'a secret' }])('it takes %j for an error', (thrown) => {
  expect(summaryOf(thrown)).toEqual({ name: typeof thrown })
})
