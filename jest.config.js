/* Set by .ci/run. */
const countsFile = process.env.JEST_COUNTS_FILE

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['default', ...(countsFile ? [['<rootDir>/.ci/count-reporter.js', { file: countsFile }]] : [])],
  testTimeout: 60_000,
  // One more than the smallest machine has cores: many tests wait for a lease or a time limit.
  maxWorkers: 3,
  // Of modules that are loaded anew for each file, a worker frees little: what is large makes all that follows slow.
  workerIdleMemoryLimit: '1GB',
  // Of `npm run coverage`.
  coverageProvider: 'v8',
  coverageReporters: ['text-summary'],
  // Not those that hold only types: nothing of them runs, and it would count as not covered.
  collectCoverageFrom: ['src/**/*.ts', '!src/{contract,entity,migrations/migration}.ts'],
}
