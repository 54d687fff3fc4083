import { useSyncExternalStore } from 'react'

/** Hospitals of which this page wants to hear that they are there again. Gone with the page. */
let awaited: ReadonlySet<string> = new Set()
const listeners = new Set<() => void>()

function change(next: ReadonlySet<string>): void {
  awaited = next
  for (const listener of listeners) listener()
}

export const awaitPeer = (ura: string) => change(new Set([...awaited, ura]))

/** Whether somebody here waited for it; from now on nobody does. */
export function peerCameBack(ura: string): boolean {
  if (!awaited.has(ura)) return false
  change(new Set([...awaited].filter((one) => one !== ura)))
  return true
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useAwaitedPeers = () => useSyncExternalStore(subscribe, () => awaited)
