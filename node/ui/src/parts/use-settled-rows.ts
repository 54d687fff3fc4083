import { useState } from 'react'

/**
 * Rows do not move under the pointer or the focus: what comes in meanwhile waits until it is asked for, or until
 * pointer and focus have left.
 */
export function useSettledRows<Row>(all: readonly Row[], keyOf: (row: Row) => string) {
  const [settled, setSettled] = useState<ReadonlySet<string>>()
  const settle = () => setSettled((before) => before ?? new Set(all.map(keyOf)))
  const rows = settled === undefined ? all : all.filter((row) => settled.has(keyOf(row)))
  return {
    rows,
    waiting: all.length - rows.length,
    showAll: () => setSettled(new Set(all.map(keyOf))),
    listeners: {
      onPointerEnter: settle,
      onFocus: settle,
      onPointerLeave: (event: React.PointerEvent<HTMLElement>) => {
        if (!event.currentTarget.contains(document.activeElement)) setSettled(undefined)
      },
      onBlur: (event: React.FocusEvent<HTMLElement>) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setSettled(undefined)
      },
    },
  }
}
