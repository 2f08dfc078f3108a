import { existsSync } from 'node:fs'

/** Takes what `.env` of the current folder says, for programs that work on the server of `MONGODB_URI`. */
export function loadEnv(): void {
  if (existsSync('.env')) process.loadEnvFile()
}
