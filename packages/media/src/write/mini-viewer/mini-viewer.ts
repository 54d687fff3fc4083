import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MiniViewerContent } from './content.ts'
import { pageNames } from './page-names.ts'
import { readme } from './readme.ts'
import { dataScript } from './data-script.ts'
import { page } from './page.ts'

export type { MiniViewerContent, MiniViewerStudy } from './content.ts'

/** A file of the zip; its names fit a disc (spec 19 §5.1), with an extension. */
export interface ViewerFile {
  place: readonly string[]
  bytes: Uint8Array
}

const own = (name: string) => readFileSync(join(import.meta.dirname, 'pages', name))

/**
 * What shows the pictures and reports of a zip to who has nothing but a browser (spec 25 §2): `README.TXT`, a page, and
 * what it needs in `VIEWER`. It runs from `file://`, and asks nothing of any network.
 */
export function miniViewer(content: MiniViewerContent): ViewerFile[] {
  return [
    { place: ['README.TXT'], bytes: Buffer.from(readme(content)) },
    { place: [pageNames[content.language]], bytes: Buffer.from(page(content)) },
    { place: ['VIEWER', 'DATA.JS'], bytes: Buffer.from(dataScript(content), 'ascii') },
    { place: ['VIEWER', 'VIEWER.JS'], bytes: own('viewer.js') },
    { place: ['VIEWER', 'STYLE.CSS'], bytes: own('style.css') },
  ]
}
