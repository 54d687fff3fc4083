import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Asset {
  bytes: Buffer
  type: string
  /** Changes with the bytes. */
  version: string
}

/** Where they lie. */
export const pagesDir = join(import.meta.dirname, '../dist')

/** What `scripts/build-share-pages.ts` made, by the name it is asked for. */
export function builtAssets(): { style: Asset; script: Asset; worker: Asset; icon: Asset } {
  const read = (name: string, type: string): Asset => {
    const bytes = readFileSync(join(pagesDir, name))
    return { bytes, type, version: createHash('sha256').update(bytes).digest('base64url').slice(0, 12) }
  }
  return {
    style: read('style.css', 'text/css; charset=utf-8'),
    script: read('page.js', 'text/javascript; charset=utf-8'),
    worker: read('worker.js', 'text/javascript; charset=utf-8'),
    icon: read('icon.svg', 'image/svg+xml'),
  }
}
