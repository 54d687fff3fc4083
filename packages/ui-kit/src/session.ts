import { focusManager, MutationCache, QueryCache, QueryClient, useQuery } from '@tanstack/react-query'
import type { QueryKey } from '@tanstack/react-query'
import { ApiError } from './api.ts'

export const sessionKey = ['session'] as const

/** `none`: nobody is logged in. `ended`: somebody was, and the server no longer knows it. `shut`: locked when the page came. */
export type SessionState<Session> = Session | 'none' | 'ended' | 'shut'

const lockKey = ['session-lock'] as const
const leavingKey = ['session-leaving'] as const

/** Locked: what the page has stays as it is, and it asks nothing by itself until it is unlocked. */
export function setLocked(client: QueryClient, isLocked: boolean): void {
  client.setQueryData(lockKey, isLocked)
  focusManager.setFocused(isLocked ? false : undefined)
}

/** Whether the server said of this session that it is locked. */
export const useIsLocked = () => useFlag(lockKey)

/** On the way out, until the server says that the session is over. */
export function setLeaving(client: QueryClient, isLeaving: boolean): void {
  client.setQueryData(leavingKey, isLeaving)
}
export const useIsLeaving = () => useFlag(leavingKey)

/** What the page knows without asking. */
const useFlag = (queryKey: QueryKey): boolean =>
  useQuery({ queryKey, queryFn: () => false, initialData: false, staleTime: Infinity, enabled: false }).data

const isLocked = (error: unknown) => error instanceof ApiError && error.status === 423
export const isLoggedOut = (error: unknown) => error instanceof ApiError && error.status === 401

/** Answers of the server. Whatever call finds the session ended leads to the log-in page, and back afterwards. */
export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isLoggedOut(error) && query.queryKey[0] !== sessionKey[0])
          client.setQueryData(sessionKey, 'ended')
        if (isLocked(error)) setLocked(client, true)
      },
    }),
    mutationCache: new MutationCache({
      onError: (error) => {
        if (isLocked(error)) setLocked(client, true)
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 1000,
        retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status >= 500),
      },
    },
  })
  return client
}

/** Who is logged in, asked once. */
export const useSessionState = <Session>(ask: () => Promise<Session>) =>
  useQuery<SessionState<Session>>({
    queryKey: sessionKey,
    queryFn: () =>
      ask().catch((error: unknown) => {
        if (isLoggedOut(error)) return 'none'
        if (isLocked(error)) return 'shut'
        throw error
      }),
    staleTime: Infinity,
  })
