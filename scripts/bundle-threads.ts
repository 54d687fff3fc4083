/**
 * Bundles what our threads run, each program into one file of JavaScript: from the source a thread begins with the machinery
 * that strips types, a third of a second of processor time before it reads its first byte (docs/adr/0020).
 */
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import type { Plugin } from 'rolldown'

const root = join(import.meta.dirname, '..')
const programs = ['packages/dicom/src/read-head-worker.ts', 'packages/pictures/src/render-worker.ts']

/** What a module finds beside itself (pages, fonts, codecs) it goes on finding there: a bundle serves one checkout. */
export const whereItStood: Plugin = {
  name: 'where-it-stood',
  transform: {
    order: 'post',
    filter: { id: /^\//, code: /\bimport\.meta\.(url|dirname)\b|\b__dirname\b/ },
    handler: (code, id) =>
      code
        .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(id).href))
        .replaceAll(/\bimport\.meta\.dirname\b|\b__dirname\b/g, JSON.stringify(dirname(id))),
  },
}

/** Writes them into the folder `dir`, and resolves to what makes the modules that start such a thread start the bundle. */
export async function bundleThreads(dir: string): Promise<Plugin> {
  const bundles = new Map(
    await Promise.all(
      programs.map(async (program) => [join(root, program), await bundle(program, dir)] as const),
    ),
  )
  return {
    name: 'threads-from-bundles',
    transform: {
      order: 'pre',
      filter: { id: /^\//, code: /new URL\('\.\/[\w-]+-worker\.ts'/ },
      handler: (code, id) =>
        code.replaceAll(
          /new URL\('\.\/([\w-]+-worker\.ts)', import\.meta\.url\)/g,
          (written, name: string) => {
            const file = bundles.get(join(dirname(id), name))
            return file === undefined ? written : `new URL(${JSON.stringify(pathToFileURL(file).href)})`
          },
        ),
    },
  }
}

/** The name tells the content: a process that runs longer goes on starting its own threads. */
async function bundle(program: string, dir: string): Promise<string> {
  await using built = await rolldown({
    input: join(root, program),
    platform: 'node',
    external: [/^node:/],
    plugins: [whereItStood],
    logLevel: 'warn',
  })
  const { output } = await built.write({ dir, format: 'esm', entryFileNames: '[name]-[hash].js' })
  return join(dir, output[0].fileName)
}
