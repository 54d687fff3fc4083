import { useSyncExternalStore } from 'react'

/** A short word on what the user just did. Nothing else ever pops up. */
export interface Toast {
  id: number
  text: string
  tone: 'done' | 'problem'
  link?: { to: string; text: string }
  /** What can be done about it while it is shown. */
  action?: { text: string; key?: string; run: () => void }
  /** How long a word of something done is shown, in ms. */
  forMs?: number
}

const shownMs = 8000
let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

function change(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

export function say(toast: Omit<Toast, 'id'>): void {
  const id = ++lastId
  change([...toasts.slice(-2), { ...toast, id }])
  if (toast.tone === 'done') setTimeout(() => dismiss(id), toast.forMs ?? shownMs)
}

export function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id))
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useToasts = () => useSyncExternalStore(subscribe, () => toasts)

/** Does what the newest word on the screen offers under this key; false when there is none. */
export function runToastAction(key: string): boolean {
  const toast = toasts.findLast(({ action }) => action?.key?.toLowerCase() === key)
  if (toast?.action === undefined) return false
  dismiss(toast.id)
  toast.action.run()
  return true
}
