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

const own = (name: string) => readFileSync(join(import.meta.dirname, 'pages', name), 'utf8')

/** One classic script, for `file://` knows no modules. Without its data the list of links in the page stays as it is. */
const viewerScript = `/* Shows the pictures and reports that stand beside it. All of DATA.JS is text: no element is made from HTML. */
;(function () {
'use strict'
if (!window.shareContent) return
${['start.js', 'list.js', 'series.js', 'fingers.js', 'keys.js'].map(own).join('\n')}})()
`

/**
 * What shows the pictures and reports of a zip to who has nothing but a browser (spec 25 §2): `README.TXT`, a page, and
 * what it needs in `VIEWER`. It runs from `file://`, and asks nothing of any network.
 */
export function miniViewer(content: MiniViewerContent): ViewerFile[] {
  return [
    { place: ['README.TXT'], bytes: Buffer.from(readme(content)) },
    { place: [pageNames[content.language]], bytes: Buffer.from(page(content)) },
    { place: ['VIEWER', 'DATA.JS'], bytes: Buffer.from(dataScript(content), 'ascii') },
    { place: ['VIEWER', 'VIEWER.JS'], bytes: Buffer.from(viewerScript) },
    { place: ['VIEWER', 'STYLE.CSS'], bytes: Buffer.from(own('style.css')) },
  ]
}
