#!/usr/bin/env node
/* Not needed by bots, so optional: who runs commands installs them. */
const packages = ['umzug', 'commander', 'cli-progress']

const isMissing = (name: string): boolean => {
  try {
    import.meta.resolve(name)
    return false
  } catch {
    return true
  }
}

const missing = packages.filter(isMissing)
if (missing.length > 0) {
  process.stderr.write(
    `dialogue-store: The command line needs more packages. Run: npm install ${missing.join(' ')}\n`,
  )
  process.exitCode = 1
} else {
  const { run } = await import('./cli/program.ts')
  process.exitCode = await run(process.argv.slice(2))
}
