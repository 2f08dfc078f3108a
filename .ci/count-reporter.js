import { writeFileSync } from 'node:fs'

/** Writes `passed failed` into a file, for .ci/run. A file of tests that doesn't load is one failed test. */
export default class CountReporter {
  #file

  constructor(_config, { file }) {
    this.#file = file
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    writeFileSync(this.#file, `${results.numPassedTests} ${failed}\n`)
  }
}
