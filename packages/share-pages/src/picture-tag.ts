import { html, Html } from './html.ts'
import type { ViewFacts } from './share-view.ts'

/** From the server its address; in the browser the number by which the script fills it in. */
export function pictureTag(
  facts: Pick<ViewFacts, 'link' | 'script'>,
  of: { entry: number; alt: string; width?: number; height?: number; id?: string },
): Html {
  const size =
    of.width !== undefined && of.height !== undefined
      ? html` width="${of.width}" height="${of.height}"`
      : new Html('')
  const id = of.id === undefined ? new Html('') : html` id="${of.id}"`
  return facts.script
    ? html`<img${id} data-entry="${of.entry}" alt="${of.alt}" ${size} draggable="false"></img${id}>`
    : html`<img${id} src="/z/${facts.link}/picture/${of.entry}" alt="${of.alt}" ${size}></img${id}>`
}
