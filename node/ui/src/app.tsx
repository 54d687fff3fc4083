import { QueryClientProvider } from '@tanstack/react-query'
import { CrashGuard, createQueryClient, Leaving, Problem, Skeleton } from '@twiin/ui-kit'
import { useIsLeaving, useIsLocked, useSessionState } from '@twiin/ui-kit'
import { lazy, Suspense, useEffect } from 'react'
import { I18nProvider } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { api } from './api.ts'
import { claimLaunch } from './launch.ts'
import { LockWhenIdle } from './lock-when-idle.ts'
import { LogInPage } from './pages/log-in.tsx'
import { UnlockPage } from './pages/unlock.tsx'
import { LockLayer } from './parts/lock-layer.tsx'
import { Shell } from './parts/shell.tsx'
import { pages, pagesOf, SessionContext, useSession } from './session.ts'
import { OpenKey } from './viewer/open-button.tsx'
import type { Page } from './session.ts'

const client = createQueryClient()

const AccountPage = lazy(async () => ({ default: (await import('./pages/account.tsx')).AccountPage }))
const EnrolPage = lazy(async () => ({ default: (await import('./pages/enrol.tsx')).EnrolPage }))
/** On its own screen, without the shell; all it needs besides comes when it is opened. */
const ViewerPage = lazy(async () => ({ default: (await import('./viewer/viewer-page.tsx')).ViewerPage }))

const screens: Record<Page['name'], React.ComponentType> = {
  search: lazy(async () => ({ default: (await import('./pages/search.tsx')).SearchPage })),
  dashboard: lazy(async () => ({ default: (await import('./pages/dashboard.tsx')).DashboardPage })),
  inbox: lazy(async () => ({ default: (await import('./pages/inbox.tsx')).InboxPage })),
  upload: lazy(async () => ({ default: (await import('./pages/upload.tsx')).UploadPage })),
  settings: lazy(async () => ({ default: (await import('./pages/settings.tsx')).SettingsPage })),
  studies: lazy(async () => ({ default: (await import('./pages/studies.tsx')).StudiesPage })),
  transfers: lazy(async () => ({ default: (await import('./pages/transfers.tsx')).TransfersPage })),
  shares: lazy(async () => ({ default: (await import('./shares/shares-page.tsx')).SharesPage })),
  exceptions: lazy(async () => ({ default: (await import('./pages/exceptions.tsx')).ExceptionsPage })),
  consent: lazy(async () => ({ default: (await import('./pages/consent.tsx')).ConsentPage })),
  directory: lazy(async () => ({ default: (await import('./pages/directory.tsx')).DirectoryPage })),
  users: lazy(async () => ({ default: (await import('./pages/users.tsx')).UsersPage })),
  emergencies: lazy(async () => ({ default: (await import('./pages/emergencies.tsx')).EmergenciesPage })),
  audit: lazy(async () => ({ default: (await import('./pages/audit.tsx')).AuditPage })),
}

/** Below these stands one thing of theirs. */
const withId: ReadonlySet<Page['name']> = new Set(['search', 'upload'])

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
  const session = useSessionState(api.session)
  const isLocked = useIsLocked()
  const isLeaving = useIsLeaving()
  if (session.isPending) return null
  if (isLeaving) return <Leaving logOut={api.logOut} />
  if (session.data === 'shut') return <UnlockPage session={undefined} />
  if (session.data === 'none' || session.data === 'ended')
    return <LogInPage wasLoggedIn={session.data === 'ended'} />
  if (session.data === undefined)
    return (
      <main className="alone">
        <Problem error={session.error} onRetry={() => void session.refetch()} />
      </main>
    )
  if (session.data.secondFactor === 'needed')
    return (
      <Suspense fallback={<Skeleton rows={6} />}>
        <EnrolPage />
      </Suspense>
    )
  return (
    <SessionContext value={session.data}>
      <LockWhenIdle />
      {/* Around both: the page before stays until the viewer is there. A boundary of its own would stand empty for 300 ms. */}
      <Suspense fallback={null}>
        <Routes>
          {session.data.user.role !== 'auditor' && <Route path="/studie/:handle" element={<ViewerPage />} />}
          <Route path="*" element={<Desk />} />
        </Routes>
      </Suspense>
      {isLocked && (
        <LockLayer>
          <UnlockPage session={session.data} />
        </LockLayer>
      )}
    </SessionContext>
  )
}

/** Everything of somebody who is logged in. */
function Desk() {
  const { role } = useSession().user
  useEffect(() => {
    if (role === 'radiologist') void claimLaunch()
  }, [role])
  const start = pagesOf(role)[0]?.path ?? '/'
  return (
    <Shell>
      <OpenKey />
      <Suspense fallback={<Skeleton rows={8} />}>
        <Routes>
          <Route path="/" element={<Navigate to={start} replace />} />
          {pages.map(({ path, name, roles }) => {
            const Screen = screens[name]
            const element = roles.includes(role) ? <Screen /> : <Elsewhere why="notAllowed" />
            return <Route key={path} path={withId.has(name) ? `${path}/:id?` : path} element={element} />
          })}
          <Route path="/wachtrij" element={<Navigate to="/overdrachten" replace />} />
          <Route path="/account" element={<AccountPage />} />
          <Route path="*" element={<Elsewhere why="notFound" />} />
        </Routes>
      </Suspense>
    </Shell>
  )
}

function Elsewhere({ why }: { why: 'notAllowed' | 'notFound' }) {
  const { t } = useTranslation()
  return <h1 className="page-title">{t(`problem.${why}`)}</h1>
}
