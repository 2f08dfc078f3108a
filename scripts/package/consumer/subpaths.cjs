/*
 * Loads every subpath both ways. `require()` refuses a module with a top-level await anywhere below it
 * (ERR_REQUIRE_ASYNC_MODULE), so that this shows that there is none.
 */
const assert = require('node:assert/strict')
const manifest = require('dialogue-store/package.json')

async function load(subpath) {
  const name = subpath.replace('.', manifest.name)
  const required = require(name)
  if (subpath.endsWith('.json')) return
  assert.notEqual(Object.keys(required).length, 0, name)
  assert.deepEqual(Object.keys(await import(name)), Object.keys(required), name)
}

Promise.all(Object.keys(manifest.exports).map(load))
