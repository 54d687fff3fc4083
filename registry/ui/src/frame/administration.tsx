import { Leaving, Problem, Skeleton, useIsLeaving, useSessionState } from '@twiin/ui-kit'
import { lazy, Suspense } from 'react'
import { I18nProvider } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { Route, Routes } from 'react-router'
import { api } from '../api.ts'
import { LogInPage } from '../log-in/log-in.tsx'
import { SessionContext } from '../session.ts'
import { NotFoundPage } from './not-found.tsx'
import { Shell } from './shell.tsx'

const screens = {
  '': lazy(async () => ({ default: (await import('../dashboard/dashboard-page.tsx')).DashboardPage })),
  aanvragen: lazy(async () => ({
    default: (await import('../applications/applications-page.tsx')).ApplicationsPage,
  })),
  'aanvragen/:id': lazy(async () => ({
    default: (await import('../applications/application-page.tsx')).ApplicationPage,
  })),
  organisaties: lazy(async () => ({
    default: (await import('../organisations/organisations-page.tsx')).OrganisationsPage,
  })),
  certificaten: lazy(async () => ({
    default: (await import('../certificates/certificates-page.tsx')).CertificatesPage,
  })),
  netwerk: lazy(async () => ({ default: (await import('../network/network-page.tsx')).NetworkPage })),
  logboek: lazy(async () => ({ default: (await import('../ledger/ledger-page.tsx')).LedgerPage })),
  statistiek: lazy(async () => ({
    default: (await import('../statistics/statistics-page.tsx')).StatisticsPage,
  })),
}

/** Everything below `/beheer`: the log-in page, or the pages of who is logged in. */
export function Administration() {
  const { i18n } = useTranslation()
  const session = useSessionState(api.session)
  const isLeaving = useIsLeaving()
  if (session.isPending) return null
  if (isLeaving) return <Leaving logOut={api.logOut} />
  // The registry locks no session: whoever it does not know logs in.
  if (typeof session.data === 'string') return <LogInPage wasLoggedIn={session.data !== 'none'} />
  if (session.data === undefined)
    return (
      <main className="alone">
        <Problem error={session.error} onRetry={() => void session.refetch()} />
      </main>
    )
  return (
    <I18nProvider locale={i18n.language}>
      <SessionContext value={session.data}>
        <Shell>
          <Suspense fallback={<Skeleton rows={8} />}>
            <Routes>
              {Object.entries(screens).map(([path, Screen]) => (
                <Route key={path} path={path} element={<Screen />} />
              ))}
              <Route path="*" element={<NotFoundPage />} />
            </Routes>
          </Suspense>
        </Shell>
      </SessionContext>
    </I18nProvider>
  )
}
