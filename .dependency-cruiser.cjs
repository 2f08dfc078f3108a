/*
 * Imports point one way: index → store → models → log → db → base, and never in a circle, type imports
 * included. `base` is every file directly in src/ that isn't named here.
 */
const MODELS = 'users|messages|contexts|events'
const TOP = '^src/(index|store|contract|connect|stats|export)[.]ts$'
const LOG = '^src/log[.]ts$'
const BASE = '^src/(?!(index|store|contract|connect|stats|export|log|cli)[.]ts$)[^/]+[.]ts$'
/* What runs beside the store: it may use all of src, and nothing of the store uses it. */
const BESIDE = '^src/(testing|cli|adapters|calendar)(/|[.]ts$)'
/* What only a command, or only a test, needs. A bot that imports dialogue-store may not have it. */
const OPTIONAL = '^node_modules/(cli-progress|commander|mongodb-memory-server[^/]*|umzug)/'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Nothing in a circle can be read, or tested, without the rest of it.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'base-imports-base',
      severity: 'error',
      from: { path: BASE },
      to: { path: '^src/', pathNot: BASE },
    },
    {
      name: 'db-imports-base',
      severity: 'error',
      from: { path: '^src/db/' },
      to: { path: '^src/', pathNot: ['^src/db/', BASE] },
    },
    {
      name: 'log-imports-db-and-base',
      severity: 'error',
      from: { path: LOG },
      to: { path: '^src/', pathNot: ['^src/db/', BASE] },
    },
    {
      name: 'models-know-no-store',
      severity: 'error',
      from: { path: `^src/(${MODELS})/` },
      to: { path: ['^src/migrations/', TOP] },
    },
    {
      name: 'models-know-no-other-model',
      comment:
        'What one model does for another is a function that store.ts hands it. Only a schema may be imported: ' +
        'an event has a creator, and what a creator looks like is described once, in users/schema.ts.',
      severity: 'error',
      from: { path: `^src/(${MODELS})/` },
      to: { path: `^src/(${MODELS})/`, pathNot: ['^src/$1/', '/schema[.]ts$'] },
    },
    {
      name: 'migrations-know-no-store',
      severity: 'error',
      from: { path: '^src/migrations/' },
      to: { path: TOP },
    },
    {
      name: 'nothing-beside-the-store-is-used-by-it',
      severity: 'error',
      from: { path: '^src/', pathNot: BESIDE },
      to: { path: BESIDE },
    },
    {
      name: 'no-optional-package-for-a-bot',
      comment: 'A bot imports src/index.ts, and has mongoose installed, but none of the optional packages.',
      severity: 'error',
      from: { path: '^src/index[.]ts$' },
      to: { path: OPTIONAL, reachable: true },
    },
    {
      name: 'no-driver-beside-mongoose',
      comment:
        "The driver is `mongoose.mongo`: another copy would have other BSON classes, and Mongoose's is the one.",
      severity: 'error',
      from: {},
      to: { path: '^node_modules/(mongodb|bson)/' },
    },
    {
      name: 'src-does-not-know-who-uses-it',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(scripts|test)/' },
    },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'no-dev-package-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no parser for other programs. swc's tells dependency-cruiser of every import, also of
    // `import type` and `export type … from`, but not of each `import('…').T`: test/package/imports.test.ts sees
    // to it that there is none.
    parser: 'swc',
    // What a program outside of this repo would be: it imports the package by its name.
    exclude: { path: '^scripts/package/consumer/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
}
