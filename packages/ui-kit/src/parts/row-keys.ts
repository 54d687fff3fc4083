import type { KeyboardEvent } from 'react'
import { isTyping, shortcutsEnabled } from '../shortcuts.ts'

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }

/**
 * Arrows (or j and k), Home and End move between the rows of a table; a letter does what `actions` says of the row.
 * Each row has one button marked `data-row`: it holds the row's key, takes the focus and, by itself, Enter.
 */
export function useRowKeys(
  actions: Readonly<Record<string, (row: string) => void>> = {},
  /** Instead of the first or last row drawn, where not all are drawn. */
  toEdge?: (edge: 'first' | 'last') => void,
) {
  return (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return
    if (event.key.length === 1 && !shortcutsEnabled()) return
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')]
    const row = (event.target as HTMLElement).closest('tr')
    const at = rows.findIndex((button) => row?.contains(button) === true)
    const step = steps[event.key]
    const target =
      step !== undefined
        ? rows[Math.min(Math.max(at + step, 0), rows.length - 1)]
        : event.key === 'Home'
          ? rows[0]
          : event.key === 'End'
            ? rows.at(-1)
            : undefined
    if (toEdge !== undefined && (event.key === 'Home' || event.key === 'End')) {
      event.preventDefault()
      return toEdge(event.key === 'Home' ? 'first' : 'last')
    }
    const key = rows[at]?.dataset.row
    const action = actions[event.key.toLowerCase()]
    if (target !== undefined) target.focus()
    else if (key !== undefined && action !== undefined) action(key)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}
