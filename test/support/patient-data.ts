import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Files under a folder that hold one of the texts, in their name or their content, as `file: text`. */
export async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const hits = await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file).catch(() => Buffer.alloc(0))
      return texts
        .filter((text) => file.includes(text) || content.includes(text))
        .map((text) => `${file}: ${text}`)
    }),
  )
  return hits.flat()
}
