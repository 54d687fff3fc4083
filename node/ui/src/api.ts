import { ApiError, apiCaller } from '@twiin/ui-kit'
import type * as Answer from './api-types.ts'
import type * as Work from './api-types-work.ts'

/** Every call of the page. Whatever identifies a patient travels in the body, never in the path. */
export const call = apiCaller({
  base: '/api/v1',
  csrfHeader: 'x-twiin-csrf',
  unreachable: 'NODE_UNREACHABLE',
  idleHeader: 'x-twiin-idle',
})

const page = (after: string | undefined) => (after === undefined ? '' : `?after=${encodeURIComponent(after)}`)
const one = encodeURIComponent

export const api = {
  session: () => call<Answer.Session>('GET', '/session'),
  logOut: async () => {
    const left = await call<{ url: string } | undefined>('DELETE', '/session')
    // Out at the hospital's own log-in as well, which then leads back.
    if (left !== undefined) location.assign(left.url)
  },
  beginSearch: (question: Answer.SearchQuestion) =>
    call<{ id: string }>('POST', '/patient-searches', question),
  search: (id: string) => call<Answer.PatientSearch>('GET', `/patient-searches/${one(id)}`),
  retrieve: (order: { searchId: string; studyInstanceUid: string; holder: string; destination: 'pacs' }) =>
    call<{ id: string }>('POST', '/retrievals', order),
  send: (order: Answer.SendOrder) => call<{ id: string }>('POST', '/sends', order),
  undo: (id: string) => call<{ id: string }>('POST', `/sends/${one(id)}/undo`),
  watchPeer: (ura: string) => call<{ ura: string }>('POST', '/reachability-watches', { ura }),
  reports: (uid: string) => call<{ reports: Work.ShownReport[] }>('GET', `/studies/${one(uid)}/reports`),
  queues: () => call<Work.Queues>('GET', '/queues'),
  retryAll: (reason: string, kind: string) =>
    call<{ retried: number }>('POST', '/transfers/retries', { reason, kind }),
  discs: () => call<{ discs: Work.Disc[] }>('GET', '/discs'),
  disc: (id: string) => call<Work.Disc>('GET', `/discs/${one(id)}`),
  removeDisc: (id: string) => call<void>('DELETE', `/discs/${one(id)}`),
  takeIn: (id: string, patients: Work.WantedPatient[]) =>
    call<{ transfers: string[] }>('POST', `/discs/${one(id)}/intake`, { patients }),
  connections: () => call<{ connections: Work.Connection[] }>('GET', '/connections'),
  testConnection: (kind: string, name: string) =>
    call<Work.ConnectionResult>('POST', '/connection-tests', { kind, name }),
  rules: () => call<Work.Routing>('GET', '/routing/rules'),
  testRules: (studyInstanceUid: string) =>
    call<Work.RulesJudged>('POST', '/routing/tests', { studyInstanceUid }),
  quality: () => call<Work.Quality>('GET', '/quality'),
  archive: () => call<Work.Archive>('GET', '/archive'),
  lookAtArchive: () => call<object>('POST', '/archive/passes'),
  recall: (order: Work.RecallOrder) => call<{ id: string; recipients: string[] }>('POST', '/recalls', order),
  settings: () => call<{ settings: Work.EffectiveSetting[] }>('GET', '/settings'),
  sendDetails: (id: string) => call<Answer.SendDetails>('GET', `/sends/${one(id)}`),
  studies: (after?: string) =>
    call<{ studies: Answer.HeldStudy[]; next?: string }>('GET', `/studies${page(after)}`),
  members: () => call<{ members: Answer.Member[] }>('GET', '/members'),
  transfers: (after?: string) =>
    call<{ transfers: Answer.Transfer[]; next?: string }>('GET', `/transfers${page(after)}`),
  retry: (id: string) => call<{ id: string }>('POST', `/transfers/${one(id)}/retry`),
  cancel: (id: string) => call<{ id: string }>('POST', `/transfers/${one(id)}/cancel`),
  consents: (bsn: string) => call<Answer.ConsentState>('POST', '/consents/lookups', { bsn }),
  recordConsent: (order: Answer.ConsentOrder) => call<Answer.ConsentRecord>('PUT', '/consents', order),
  consentEffect: (
    change: Answer.ConsentOrder | { bsn: string; shielding: { index: Answer.IndexChoice } | null },
  ) => call<Answer.ConsentEffect>('POST', '/consents/previews', change),
  shield: (bsn: string, index: Answer.IndexChoice) => call<unknown>('PUT', '/shieldings', { bsn, index }),
  unshield: (bsn: string) => call<void>('POST', '/shieldings/removals', { bsn }),
  openEmergency: (order: {
    bsn: string
    cause: Answer.EmergencyCause
    reason: string
    password?: string
    code?: string
  }) => call<Answer.EmergencyAccess>('POST', '/emergency-accesses', order),
  endEmergency: (id: string) => call<void>('DELETE', `/emergency-accesses/${one(id)}`),
  emergencies: (after?: string) =>
    call<{ accesses: Answer.EmergencyAccess[]; next?: string }>('GET', `/emergency-accesses${page(after)}`),
  reviewEmergency: (id: string, review: { verdict: Answer.EmergencyVerdict; note: string }) =>
    call<Answer.EmergencyAccess>('POST', `/emergency-accesses/${one(id)}/review`, review),
  exceptions: () => call<{ exceptions: Answer.WorkItem[] }>('GET', '/exceptions'),
  resolve: (id: string, decision: Answer.Decision) =>
    call<Answer.WorkItem>('POST', `/exceptions/${one(id)}/resolution`, { decision }),
  auditEvents: ({ emergency, after, ...filter }: Answer.AuditFilter & { after?: number }) => {
    const query = new URLSearchParams({ limit: '100' })
    for (const [name, value] of Object.entries(filter)) if (value !== '') query.set(name, value)
    if (emergency) query.set('emergency', 'true')
    if (after !== undefined) query.set('after', String(after))
    return call<Answer.AuditPage>('GET', `/audit-events?${query.toString()}`)
  },
  auditReviews: () => call<{ reviews: Answer.AuditReview[]; more: boolean }>('GET', '/audit-reviews'),
  giveVerdict: (seq: number, verdict: Answer.ReviewVerdict, note: string) =>
    call<NonNullable<Answer.AuditReview['review']>>('POST', `/audit-reviews/${seq}/review`, {
      verdict,
      ...(note === '' ? {} : { note }),
    }),
  accountDifferences: (after?: string) =>
    call<{ differences: Answer.AccountDifference[]; next?: string }>(
      'GET',
      `/account-differences${page(after)}`,
    ),
  patientAccount: (question: Answer.PatientAccountQuestion) =>
    call<Answer.PatientAccount>('POST', '/patient-accounts', question),
  patientAccountPdf,
  status: () => call<Answer.Status>('GET', '/status'),
}

/** The same list, to print. The BSN travels in the body, so it is no link. */
async function patientAccountPdf(question: Answer.PatientAccountQuestion): Promise<Blob> {
  const response = await fetch('/api/v1/patient-accounts', {
    method: 'POST',
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { 'content-type': 'application/json', 'x-twiin-csrf': '1' },
    body: JSON.stringify({ ...question, format: 'pdf' }),
  }).catch(() => {
    throw new ApiError('NODE_UNREACHABLE', 0)
  })
  if (!response.ok) throw new ApiError('UNEXPECTED', response.status)
  return response.blob()
}

/** A copy of the log: a link, for it may be large. */
export function auditExportLink(format: 'csv' | 'fhir', { from, to }: { from: string; to: string }): string {
  const query = new URLSearchParams()
  if (from !== '') query.set('from', from)
  if (to !== '') query.set('to', to)
  return `/api/v1/audit-exports/${format}?${query.toString()}`
}
