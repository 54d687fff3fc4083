import { QueryClientProvider } from '@tanstack/react-query'
import { CrashGuard, createQueryClient, Skeleton } from '@twiin/ui-kit'
import { lazy, Suspense } from 'react'
import { BrowserRouter, Outlet, Route, Routes } from 'react-router'
import { NotFoundPage } from './frame/not-found.tsx'
import { PublicFrame } from './frame/public-frame.tsx'

const client = createQueryClient()

const CoveragePage = lazy(async () => ({
  default: (await import('./public/coverage-page.tsx')).CoveragePage,
}))
const AboutPage = lazy(async () => ({ default: (await import('./public/about-page.tsx')).AboutPage }))
const ApplyPage = lazy(async () => ({ default: (await import('./apply/apply-page.tsx')).ApplyPage }))
const StatusPage = lazy(async () => ({ default: (await import('./applicant/status-page.tsx')).StatusPage }))
const ConformancePage = lazy(async () => ({
  default: (await import('./conformance/conformance-page.tsx')).ConformancePage,
}))
const LedgerPage = lazy(async () => ({ default: (await import('./ledger/ledger-page.tsx')).LedgerPage }))
const Administration = lazy(async () => ({
  default: (await import('./frame/administration.tsx')).Administration,
}))

/** What everybody may see stands at the root; what administrators and auditors see, under `/beheer`. */
export function App() {
  return (
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <CrashGuard>
          <Routes>
            <Route path="/beheer/*" element={<Suspended element={<Administration />} />} />
            <Route
              element={
                <PublicFrame>
                  <Suspended element={<Outlet />} />
                </PublicFrame>
              }
            >
              <Route index element={<CoveragePage />} />
              <Route path="/aansluiten" element={<ApplyPage />} />
              <Route path="/aanvraag" element={<StatusPage />} />
              <Route path="/verklaring/:run" element={<ConformancePage />} />
              <Route path="/logboek" element={<LedgerPage />} />
              <Route path="/over" element={<AboutPage />} />
              <Route path="*" element={<NotFoundPage />} />
            </Route>
          </Routes>
        </CrashGuard>
      </BrowserRouter>
    </QueryClientProvider>
  )
}

function Suspended({ element }: { element: React.ReactNode }) {
  return <Suspense fallback={<Skeleton rows={8} />}>{element}</Suspense>
}
