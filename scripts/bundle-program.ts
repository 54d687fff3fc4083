import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import type { Plugin } from 'rolldown'

/** Node's own, and the one library with machine code of its own. */
export const external = [/^node:/, 'classic-level']

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

/**
 * Bundles one program into one file of the folder `dir`, which stands in this checkout, and resolves to it. Its name tells
 * its content: a process that runs longer goes on finding what it began with, and two that bundle are in nobody's way.
 */
export async function bundleProgram(program: string, dir: string): Promise<string> {
  await using bundle = await rolldown({
    input: program,
    platform: 'node',
    external,
    plugins: [whereItStood],
    logLevel: 'warn',
  })
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: '[name]-[hash].js',
    codeSplitting: false,
  })
  const [{ fileName, code }] = output
  const file = join(dir, fileName)
  if (existsSync(file)) return file
  await mkdir(dir, { recursive: true })
  const whole = `${file}.${process.pid}`
  await writeFile(whole, code)
  await rename(whole, file)
  return file
}
