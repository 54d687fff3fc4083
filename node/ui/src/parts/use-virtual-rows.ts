import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useState } from 'react'

/** Up to here every row is drawn: find in page works, and so does print. */
const mostDrawn = 150
const drawnBeside = 12

/** Which rows of a long table are drawn, and the height of those before and after. Each row is a tbody of its own. */
export function useVirtualRows<Row>(
  rows: readonly Row[],
  { keyOf, rowHeight }: { keyOf: (row: Row) => string; rowHeight: number },
) {
  const [scrollMargin, setScrollMargin] = useState(0)
  const isVirtual = rows.length > mostDrawn
  const frame = useCallback((element: HTMLElement | null) => {
    if (element !== null) setScrollMargin(element.getBoundingClientRect().top + window.scrollY)
  }, [])
  const virtualizer = useWindowVirtualizer({
    count: isVirtual ? rows.length : 0,
    estimateSize: () => rowHeight,
    overscan: drawnBeside,
    scrollMargin,
    getItemKey: (index) => {
      const row = rows[index]
      return row === undefined ? index : keyOf(row)
    },
  })
  const toEdge = (edge: 'first' | 'last') => {
    const index = edge === 'first' ? 0 : rows.length - 1
    const row = rows[index]
    if (row === undefined) return
    if (isVirtual) virtualizer.scrollToIndex(index)
    // Drawn by then, also where it was not.
    const focus = (tries: number) => {
      const button = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(keyOf(row))}"]`)
      if (button !== null) button.focus({ preventScroll: isVirtual })
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1))
    }
    focus(20)
  }
  if (!isVirtual)
    return {
      ...{ frame, isVirtual, toEdge, measure: undefined, before: 0, after: 0 },
      drawn: rows.map((row, index) => ({ row, index })),
    }
  const items = virtualizer.getVirtualItems()
  return {
    ...{ frame, isVirtual, toEdge },
    measure: virtualizer.measureElement,
    drawn: items.flatMap(({ index }) => {
      const row = rows[index]
      return row === undefined ? [] : [{ row, index }]
    }),
    before: Math.max(0, (items[0]?.start ?? scrollMargin) - scrollMargin),
    after: Math.max(0, virtualizer.getTotalSize() + scrollMargin - (items.at(-1)?.end ?? scrollMargin)),
  }
}
