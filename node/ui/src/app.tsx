import { QueryCache, QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { I18nProvider } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { api, ApiError } from './api.ts'
import { LogInPage } from './pages/log-in.tsx'
import { SearchPage } from './pages/search.tsx'
import { CrashGuard } from './parts/crash-guard.tsx'
import { Skeleton } from './parts/empty.tsx'
import { Problem } from './parts/problem.tsx'
import { Shell } from './parts/shell.tsx'
import type { Session } from './api-types.ts'
import { keys } from './query-keys.ts'
import { pages, pagesOf, SessionContext } from './session.ts'
import type { Page } from './session.ts'

/** `ended`: there was one, and the node no longer knows it. */
type SessionState = Session | 'none' | 'ended'

const isLoggedOut = (error: unknown) => error instanceof ApiError && error.status === 401

const client = new QueryClient({
  queryCache: new QueryCache({
    // Whatever call finds the session ended: the log-in page, and back to the same address afterwards.
    onError: (error, query) => {
      if (isLoggedOut(error) && query.queryKey[0] !== keys.session[0])
        client.setQueryData<SessionState>(keys.session, 'ended')
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status >= 500),
    },
  },
})

const screens: Record<Page['name'], React.ComponentType> = {
  search: SearchPage,
  studies: lazy(async () => ({ default: (await import('./pages/studies.tsx')).StudiesPage })),
  transfers: lazy(async () => ({ default: (await import('./pages/transfers.tsx')).TransfersPage })),
  exceptions: lazy(async () => ({ default: (await import('./pages/exceptions.tsx')).ExceptionsPage })),
  consent: lazy(async () => ({ default: (await import('./pages/consent.tsx')).ConsentPage })),
  audit: lazy(async () => ({ default: (await import('./pages/audit.tsx')).AuditPage })),
}

export function App() {
  const { i18n } = useTranslation()
  return (
    <QueryClientProvider client={client}>
      <I18nProvider locale={i18n.language}>
        <BrowserRouter>
          <CrashGuard>
            <Workplace />
          </CrashGuard>
        </BrowserRouter>
      </I18nProvider>
    </QueryClientProvider>
  )
}

function Workplace() {
  const session = useQuery<SessionState>({
    queryKey: keys.session,
    queryFn: () =>
      api.session().catch((error: unknown) => {
        if (isLoggedOut(error)) return 'none'
        throw error
      }),
    staleTime: Infinity,
  })
  if (session.isPending) return null
  if (session.data === 'none' || session.data === 'ended')
    return <LogInPage wasLoggedIn={session.data === 'ended'} />
  if (session.data === undefined)
    return (
      <main className="alone">
        <Problem error={session.error} onRetry={() => void session.refetch()} />
      </main>
    )
  const { role } = session.data.user
  const start = pagesOf(role)[0]?.path ?? '/'
  return (
    <SessionContext value={session.data}>
      <Shell>
        <Suspense fallback={<Skeleton rows={8} />}>
          <Routes>
            <Route path="/" element={<Navigate to={start} replace />} />
            {pages.map(({ path, name, roles }) => {
              const Screen = screens[name]
              const element = roles.includes(role) ? <Screen /> : <Elsewhere why="notAllowed" />
              return <Route key={path} path={name === 'search' ? `${path}/:id?` : path} element={element} />
            })}
            <Route path="*" element={<Elsewhere why="notFound" />} />
          </Routes>
        </Suspense>
      </Shell>
    </SessionContext>
  )
}

function Elsewhere({ why }: { why: 'notAllowed' | 'notFound' }) {
  const { t } = useTranslation()
  return <h1 className="page-title">{t(`problem.${why}`)}</h1>
}
