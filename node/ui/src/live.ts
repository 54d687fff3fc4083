import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import type { LiveEvent } from './api-types.ts'
import { keys } from './query-keys.ts'

const kinds = ['transfer', 'search', 'study', 'exception'] as const
/** Events within this time are answered by one look. */
const gatherMs = 200

const staleBy: Record<LiveEvent['kind'], (id: string) => readonly (readonly string[])[]> = {
  transfer: (id) => [keys.transfers, keys.send(id)],
  search: (id) => [keys.search(id)],
  study: () => [keys.studies],
  exception: () => [keys.exceptions],
}

/** Listens to the node; what changed is fetched again. True while the line is open. */
export function useLiveEvents(): boolean {
  const client = useQueryClient()
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const stale = new Map<string, readonly string[]>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      timer = undefined
      for (const queryKey of stale.values()) void client.invalidateQueries({ queryKey })
      stale.clear()
    }
    const source = new EventSource('/api/v1/events')
    const note = (message: MessageEvent<string>) => {
      const { kind, id } = JSON.parse(message.data) as LiveEvent
      for (const queryKey of staleBy[kind](id)) stale.set(queryKey.join(' '), queryKey)
      timer ??= setTimeout(look, gatherMs)
    }
    for (const kind of kinds) source.addEventListener(kind, note)
    source.onopen = () => {
      setOpen(true)
      // Whatever happened while the line was down.
      void client.invalidateQueries()
    }
    source.onerror = () => setOpen(false)
    return () => {
      clearTimeout(timer)
      source.close()
    }
  }, [client])
  return open
}

export const LiveContext = createContext(false)

/** How often to ask by ourselves, in ms: seldom while the node tells, often while it does not. */
export function useInterval(): number {
  return useContext(LiveContext) ? 15_000 : 2000
}
