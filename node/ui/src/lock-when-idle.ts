import { useQueryClient } from '@tanstack/react-query'
import { ApiError, idleSeconds, setLocked } from '@twiin/ui-kit'
import { useEffect } from 'react'
import { api } from './api.ts'
import { useSession } from './session.ts'

const lookMs = 5000

/**
 * A page in the background asks the node nothing, and would show what it has for as long as nobody looks. Once it was not
 * touched for long it asks: another page of the same session may have been. On every screen of somebody who is logged in.
 */
export function LockWhenIdle(): null {
  const client = useQueryClient()
  const { idleSeconds: most } = useSession()
  useEffect(() => {
    const timer = setInterval(() => {
      if (idleSeconds() < most) return
      api.session().catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 423) setLocked(client, true)
      })
    }, lookMs)
    return () => clearInterval(timer)
  }, [client, most])
  return null
}
