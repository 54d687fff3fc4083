import { QueryCache, QueryClient, useQuery } from '@tanstack/react-query'
import { ApiError } from './api.ts'

export const sessionKey = ['session'] as const

/** `none`: nobody is logged in. `ended`: somebody was, and the server no longer knows it. */
export type SessionState<Session> = Session | 'none' | 'ended'

const isLoggedOut = (error: unknown) => error instanceof ApiError && error.status === 401

/** Answers of the server. Whatever call finds the session ended leads to the log-in page, and back afterwards. */
export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isLoggedOut(error) && query.queryKey[0] !== sessionKey[0])
          client.setQueryData(sessionKey, 'ended')
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
        throw error
      }),
    staleTime: Infinity,
  })
