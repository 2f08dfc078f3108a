import { runProgram } from './examples/common/program.ts'
import { type Example, examples } from './examples/stand-ins/prepare/index.ts'
import { loadEnv } from './lib/env.ts'
import { createClosers, createProgram } from './lib/run.ts'

const program = createProgram(
  'example',
  'Starts a bot of scripts/examples. What the environment has no access to is stood in for. A file .env is read, too.',
)
for (const example of examples) {
  program
    .command(example.name)
    .description(example.about)
    .addHelpText(
      'after',
      `\nscripts/examples/${example.name}/README.md says how to talk to it, and which variables it reads.`,
    )
    .action(() => runProgram(() => start(example)))
}
await program.parseAsync()

/** An example is a program of its own, which handles signals itself, and is over when it is imported. */
async function start({ name, prepare }: Example): Promise<void> {
  loadEnv()
  const { defer, close } = createClosers()
  try {
    for (const one of prepare) await one(defer)
    await import(`./examples/${name}/main.ts`)
  } finally {
    await close()
  }
}
