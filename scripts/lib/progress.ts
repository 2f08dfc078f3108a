export { createProgress, type Progress, type ProgressOptions } from '../../src/cli/progress.ts'
