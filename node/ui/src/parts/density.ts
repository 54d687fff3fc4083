import { preference } from '@twiin/ui-kit'
import { useSyncExternalStore } from 'react'

export type Density = 'normal' | 'dense'

const listeners = new Set<() => void>()
const current = (): Density => (preference.get('density') === 'dense' ? 'dense' : 'normal')

/** The style sheet reads it from the root. */
export function applyDensity(): void {
  document.documentElement.dataset.density = current()
}

export function chooseDensity(density: Density): void {
  preference.set('density', density)
  applyDensity()
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useDensity = () => useSyncExternalStore(subscribe, current)
