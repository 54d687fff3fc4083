import { useLayoutEffect, useState } from 'react'
import type { ReactNode } from 'react'
import { createPortal } from 'react-dom'

/** Over everything, dialogs too: what was on the page stays as it was, out of sight and of reach. */
export function LockLayer({ children }: { children: ReactNode }) {
  const [place] = useState(() => {
    const layer = document.createElement('div')
    layer.className = 'lock-layer'
    // Dialogs leave what is marked so alone.
    layer.dataset['reactAriaTopLayer'] = 'true'
    return layer
  })
  useLayoutEffect(() => {
    const { title } = document
    document.body.append(place)
    const others = [...document.body.children].filter(
      (element): element is HTMLElement => element !== place && element instanceof HTMLElement,
    )
    const before = others.map((element) => ({ element, hidden: element.hidden, inert: element.inert }))
    for (const element of others) element.hidden = element.inert = true
    return () => {
      for (const { element, hidden, inert } of before) {
        element.hidden = hidden
        element.inert = inert
      }
      place.remove()
      document.title = title
    }
  }, [place])
  return createPortal(children, place)
}
