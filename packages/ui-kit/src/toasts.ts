import { useSyncExternalStore } from 'react'

/** A short word on what the user just did. Nothing else ever pops up. */
export interface Toast {
  id: number
  text: string
  tone: 'done' | 'problem'
  link?: { to: string; text: string }
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
  if (toast.tone === 'done') setTimeout(() => dismiss(id), shownMs)
}

export function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id))
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useToasts = () => useSyncExternalStore(subscribe, () => toasts)
