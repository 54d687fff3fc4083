import { apiCaller } from '@twiin/ui-kit'
import type * as Answer from './api-types.ts'

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
  exceptions: () => call<{ exceptions: Answer.WorkItem[] }>('GET', '/exceptions'),
  resolve: (id: string, decision: Answer.Decision) =>
    call<Answer.WorkItem>('POST', `/exceptions/${one(id)}/resolution`, { decision }),
  auditEvents: (range: { from: string; to: string; after?: number }) => {
    const query = new URLSearchParams({ limit: '100' })
    if (range.from !== '') query.set('from', range.from)
    if (range.to !== '') query.set('to', range.to)
    if (range.after !== undefined) query.set('after', String(range.after))
    return call<Answer.AuditPage>('GET', `/audit-events?${query.toString()}`)
  },
  status: () => call<Answer.Status>('GET', '/status'),
}
