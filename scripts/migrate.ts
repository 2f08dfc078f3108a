import { loadEnv } from './lib/env.ts'

loadEnv()
await import('../src/cli.ts')
