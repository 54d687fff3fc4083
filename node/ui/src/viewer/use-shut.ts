import { useQueryClient } from '@tanstack/react-query'
import { setLocked, useIsLocked } from '@twiin/ui-kit'
import type { ApiError } from '@twiin/ui-kit'
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import type { StudyShelf } from './study-shelf.ts'

/**
 * What the viewer fetches goes past the calls that know when a session ended or was locked: tells the page, and once it is
 * open again asks anew for studies that were refused meanwhile. Returns what to tell of anything else that failed.
 */
export function useShut(shelf: StudyShelf, onLoggedOut: () => void): (problem: ApiError) => void {
  const client = useQueryClient()
  const isLocked = useIsLocked()
  const reads = useSyncExternalStore(shelf.subscribe, shelf.now)
  const tell = ({ status }: Pick<ApiError, 'status'>) => {
    if (status === 401) onLoggedOut()
    if (status === 423) setLocked(client, true)
  }
  const tellOf = useEffectEvent((status: number) => tell({ status }))
  const statuses = [...reads.values()].map(({ problem }) => problem?.status)
  const [isLoggedOut, isShut] = [statuses.includes(401), statuses.includes(423)]
  useEffect(() => {
    if (isLoggedOut) tellOf(401)
    if (isShut) tellOf(423)
  }, [isLoggedOut, isShut])
  useEffect(() => {
    if (isLocked) return
    for (const [handle, { problem }] of shelf.now()) if (problem?.status === 423) shelf.retry(handle)
  }, [isLocked, shelf])
  return tell
}
