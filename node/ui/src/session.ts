import { createContext, useContext } from 'react'
import type { Role, Session } from './api-types.ts'

export const SessionContext = createContext<Session | undefined>(undefined)

/** Who is logged in. Only below the log-in page. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('no session')
  return session
}

export interface Page {
  path: string
  name:
    | 'search'
    | 'dashboard'
    | 'inbox'
    | 'studies'
    | 'transfers'
    | 'shares'
    | 'exceptions'
    | 'upload'
    | 'consent'
    | 'directory'
    | 'audit'
    | 'settings'
    | 'users'
    | 'emergencies'
  roles: readonly Role[]
  /** Pressed after `g`. */
  key: string
}

/** Every page and who may see it (spec 10 §1). The first that a role may see is where it starts. */
export const pages: readonly Page[] = [
  { path: '/zoeken', name: 'search', roles: ['radiologist'], key: 'z' },
  { path: '/beheer', name: 'dashboard', roles: ['operator'], key: 'd' },
  { path: '/postvak', name: 'inbox', roles: ['radiologist', 'operator'], key: 'p' },
  { path: '/studies', name: 'studies', roles: ['radiologist', 'operator'], key: 's' },
  { path: '/overdrachten', name: 'transfers', roles: ['radiologist', 'operator'], key: 'o' },
  { path: '/gedeeld', name: 'shares', roles: ['radiologist', 'operator'], key: 'e' },
  { path: '/uitzonderingen', name: 'exceptions', roles: ['radiologist', 'operator'], key: 'u' },
  { path: '/inlezen', name: 'upload', roles: ['operator'], key: 'i' },
  { path: '/toestemming', name: 'consent', roles: ['operator'], key: 't' },
  { path: '/adresboek', name: 'directory', roles: ['radiologist', 'operator'], key: 'a' },
  { path: '/gebruikers', name: 'users', roles: ['operator'], key: 'b' },
  { path: '/logboek', name: 'audit', roles: ['auditor'], key: 'l' },
  { path: '/noodtoegang', name: 'emergencies', roles: ['auditor'], key: 'n' },
  { path: '/instellingen', name: 'settings', roles: ['radiologist', 'operator', 'auditor'], key: 'v' },
]

export const pagesOf = (role: Role) => pages.filter(({ roles }) => roles.includes(role))
