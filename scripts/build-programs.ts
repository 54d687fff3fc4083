/**
 * Bundles the programs that run long or start often into `dist/`: a node reads a dozen files at its start then, not 2,750
 * (docs/adr/0020). `scripts/program NAME` says which file to run; this one only builds.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { external, whereItStood } from './bundle-program.ts'
import { bundleThreads } from './bundle-threads.ts'

const root = join(import.meta.dirname, '..')
const at = (file: string) => join(root, file)

await using bundle = await rolldown({
  input: {
    node: at('node/src/main.ts'),
    registry: at('registry/src/main.ts'),
    demo: at('scripts/demo-network/demo.ts'),
    'demo-pacs': at('scripts/demo-network/demo-pacs.ts'),
  },
  platform: 'node',
  external,
  plugins: [await bundleThreads(at('dist')), whereItStood],
  logLevel: 'warn',
})
// What an earlier bundle left stays, for programs that run from it and load a part of it late.
await bundle.write({ dir: at('dist'), format: 'esm' })
// Last: a build that was cut off counts for nothing.
writeFileSync(at('dist/built'), '')
