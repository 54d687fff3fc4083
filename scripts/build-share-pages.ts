/**
 * Builds what the browsers of recipients load into `packages/share-pages/dist/`: script, service worker, style. No source
 * maps; the worker in one file without imports, for every browser takes that.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const source = join(import.meta.dirname, '../packages/share-pages/src')
const into = join(import.meta.dirname, '../packages/share-pages/dist')
/** Together, compressed: what a phone loads before it sees anything. */
const mostBytes = 40 * 1024

mkdirSync(into, { recursive: true })
const made = [
  ['page.js', await bundled('page', 'esm')],
  ['worker.js', await bundled('worker', 'iife')],
  [
    'style.css',
    readdirSync(join(source, 'style'))
      .sort()
      .map((name) => readFileSync(join(source, 'style', name), 'utf8'))
      .join('')
      .replaceAll(/\/\*[^]*?\*\/|^\s+/gm, ''),
  ],
] as const
const bytes = made.reduce((sum, [, text]) => sum + gzipSync(text).length, 0)
if (bytes > mostBytes) throw new Error(`the pages of shares are ${bytes} bytes, more than ${mostBytes}`)
copyFileSync(join(source, 'icon.svg'), join(into, 'icon.svg'))
for (const [name, text] of made) {
  // Whole or not at all, for a node that reads it meanwhile.
  writeFileSync(join(into, `.${name}`), text)
  renameSync(join(into, `.${name}`), join(into, name))
}
// Last: a build that was cut off counts for nothing.
writeFileSync(join(into, 'built'), '')

async function bundled(name: string, format: 'esm' | 'iife'): Promise<string> {
  await using bundle = await rolldown({
    input: join(source, `browser/${name}.ts`),
    platform: 'browser',
    logLevel: 'warn',
  })
  const { output } = await bundle.generate({ format, minify: true, sourcemap: false })
  return output[0].code
}
