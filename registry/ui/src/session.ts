import { createContext, useContext } from 'react'
import type { Session } from './api-types.ts'

export const SessionContext = createContext<Session | undefined>(undefined)

/** Who is logged in. Only below the log-in page. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('no session')
  return session
}

/** Administrators act; auditors look on. */
export const useMayAct = () => useSession().user.role === 'administrator'
