import { expect, test } from '@jest/globals'
import { connectDriver } from '../../scripts/lib/driver.ts'

test.each([
  { uri: 'mongodb://u:s3cret@', host: 'an address without a host' },
  { uri: 'http://u:s3cret@host/x', host: 'host' },
  { uri: 'mongodb://u:s3/cret@host/x', host: 'host' },
  { uri: 'mongodb://u:s3cret@a:27017,b:27018/x?nonsense=s3cret', host: 'a:27017,b:27018' },
  { uri: 's3cret', host: 'an address without a host' },
  { uri: 'mongodb://u:s3cret', host: 'an address without a host' },
])('a URI that is none is refused without its password: $uri', async ({ uri, host }) => {
  const refusal = `MongoDB at ${host} cannot be used with this URI. Check its syntax, its user and its password.`
  await expect(connectDriver(uri)).rejects.toEqual(new Error(refusal))
})
