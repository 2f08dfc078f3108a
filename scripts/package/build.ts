import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { command } from './command.ts'
import { oldest } from './nodes.ts'
import type { Manifest } from './tarball.ts'

/** Builds the package into a folder. The compiler checks the sources and writes the declarations. */
export async function buildPackage(root: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const declarations = ['-p', 'tsconfig.json', '--emitDeclarationOnly', '--outDir', folder]
  await command(process.execPath, [compiler, ...declarations], { cwd: root })
  await bundlePackage(root, folder)
}

/**
 * The package's code alone. It goes into a few files, as Node takes longer to find and read the hundred that it is
 * written in than to compile and run them. What several entries use is in files that they share, so that a class is
 * the same one for all of them.
 */
export async function bundlePackage(root: string, folder: string): Promise<void> {
  const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await build({
    absWorkingDir: root,
    entryPoints: entriesOf(manifest),
    outbase: 'src',
    outdir: folder,
    chunkNames: 'shared/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: `node${oldest(manifest.engines.node)}`,
    charset: 'utf8',
    logLevel: 'warning',
  })
}

/** The sources of what others import and run: `./dist/index.js` comes from `src/index.ts`. */
function entriesOf({ exports, bin }: Manifest): string[] {
  const built = [...Object.values(exports), ...Object.values(bin)].map((entry) =>
    typeof entry === 'string' ? entry : entry.default,
  )
  return built.flatMap((file) => {
    const [, name] = /^\.\/dist\/(.+)\.js$/.exec(file) ?? []
    return name ? [`src/${name}.ts`] : []
  })
}
