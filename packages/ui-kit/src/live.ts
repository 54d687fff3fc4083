import { useQueryClient } from '@tanstack/react-query'
import type { QueryKey } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useEffectEvent, useState } from 'react'

/** For each kind of event: which answers it makes old. */
export type StaleBy = Readonly<Record<string, (id: string) => readonly QueryKey[]>>

/** What the server says in one event. */
export interface LiveMessage {
  kind: string
  id: string
  state: string
}

/** Events within this time are answered by one look. */
const gatherMs = 200

/**
 * Listens to the server; what changed is fetched again. True while the line is open. `staleBy` stays the same one.
 * Not while `isOn` is false.
 */
export function useLiveEvents(
  path: string,
  staleBy: StaleBy,
  isOn = true,
  onEvent: (event: LiveMessage) => void = () => {},
): boolean {
  const client = useQueryClient()
  const tell = useEffectEvent(onEvent)
  const [open, setOpen] = useState(false)
  useEffect(() => {
    if (!isOn) return undefined
    const stale = new Map<string, QueryKey>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      timer = undefined
      for (const queryKey of stale.values()) void client.invalidateQueries({ queryKey })
      stale.clear()
    }
    const source = new EventSource(path)
    for (const [kind, keysOf] of Object.entries(staleBy))
      source.addEventListener(kind, (message: MessageEvent<string>) => {
        const event = JSON.parse(message.data) as LiveMessage
        const { id } = event
        tell(event)
        for (const queryKey of keysOf(id)) stale.set(queryKey.join(' '), queryKey)
        timer ??= setTimeout(look, gatherMs)
      })
    source.onopen = () => {
      setOpen(true)
      // Whatever happened while the line was down.
      void client.invalidateQueries()
    }
    source.onerror = () => setOpen(false)
    return () => {
      clearTimeout(timer)
      source.close()
      setOpen(false)
    }
  }, [client, path, staleBy, isOn])
  return open
}

export const LiveContext = createContext(false)

/** How often to ask by ourselves, in ms: seldom while the server tells, often while it does not. */
export function useInterval(): number {
  return useContext(LiveContext) ? 15_000 : 2000
}
