/**
 * Bundles what our threads run, and the process of the patients' door, each program into one file of JavaScript: from the
 * source it begins with the machinery that strips types, a third of a second of processor time before it reads its first
 * byte (docs/adr/0020).
 */
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'rolldown'
import type { VitestPluginContext } from 'vitest/node'
import { bundleProgram } from './bundle-program.ts'

const root = join(import.meta.dirname, '..')
const programs = [
  'packages/dicom/src/read-head-worker.ts',
  'packages/pictures/src/render-worker.ts',
  'node/src/patient-door/door-process.ts',
]

const starts = /new URL\('\.\/[\w-]+-(?:worker|process)\.ts'/

/** Writes them into the folder `dir`, and resolves to what makes the modules that start one start its bundle. */
export async function bundleThreads(
  dir: string,
): Promise<Plugin & { configureVitest(context: VitestPluginContext): void }> {
  const bundles = new Map(
    await Promise.all(
      programs.map(
        async (program) => [join(root, program), await bundleProgram(join(root, program), dir)] as const,
      ),
    ),
  )
  const version = [...bundles.values()].join()
  return {
    name: 'threads-from-bundles',
    // Vitest keeps what it made of a module, and would go on starting a bundle of before.
    configureVitest({ defineCacheKeyGenerator }: VitestPluginContext) {
      defineCacheKeyGenerator(({ sourceCode }) => (starts.test(sourceCode) ? version : null))
    },
    transform: {
      order: 'pre',
      filter: { id: /^\//, code: starts },
      handler: (code, id) =>
        code.replaceAll(
          /new URL\('\.\/([\w-]+-(?:worker|process)\.ts)', import\.meta\.url\)/g,
          (written, name: string) => {
            const file = bundles.get(join(dirname(id), name))
            return file === undefined ? written : `new URL(${JSON.stringify(pathToFileURL(file).href)})`
          },
        ),
    },
  }
}
