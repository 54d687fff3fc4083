import { apiCaller } from '@twiin/ui-kit'
import type * as Answer from './api-types.ts'

const options = { base: '/api/v1', csrfHeader: 'x-twiin-csrf', unreachable: 'REGISTRY_UNREACHABLE' }
const call = apiCaller(options)

const one = encodeURIComponent

/** Every call of the page. */
export const api = {
  session: () => call<Answer.Session>('GET', '/session'),
  logIn: (proof: { username: string; password: string; code: string }) =>
    call<Answer.Session>('POST', '/session', proof),
  logOut: () => call<void>('DELETE', '/session'),
  confirm: (code: string) =>
    call<{ confirmedAt: string } | undefined>('POST', '/session/confirmation', { code }),

  applications: () => call<Answer.Application[]>('GET', '/applications'),
  application: (id: string) => call<Answer.Application>('GET', `/applications/${one(id)}`),
  apply: (form: Answer.ApplicationForm) =>
    call<Answer.Application & { statusToken: string }>('POST', '/applications', form),
  approve: (id: string, sure: { digest: string; confirm?: string }) =>
    call<Answer.Admitted>('POST', `/applications/${one(id)}/approvals`, sure),
  reject: (id: string, reason: string) =>
    call<Answer.Application>('POST', `/applications/${one(id)}/rejection`, { reason }),
  message: (id: string, text: string) =>
    call<Answer.Application>('POST', `/applications/${one(id)}/messages`, { text }),

  certificates: () => call<Answer.Certificate[]>('GET', '/certificates'),
  certificate: (serial: string) => call<Answer.CertificateDetails>('GET', `/certificates/${one(serial)}`),
  effect: (serial: string) => call<Answer.Effect>('GET', `/certificates/${one(serial)}/effect`),
  take: (measure: Answer.Measure, serial: string, order: { reason: string; emergency?: true }) =>
    call<Answer.Outcome>('POST', `/certificates/${one(serial)}/${measure}`, order),
  review: (serial: string, upheld: boolean) =>
    call<Answer.Outcome>('POST', `/certificates/${one(serial)}/review`, { upheld }),
  requests: () => call<Answer.OpenRequest[]>('GET', '/requests'),
  withdraw: (id: string) => call<void>('DELETE', `/requests/${one(id)}`),
  reviews: () => call<Answer.Review[]>('GET', '/reviews'),

  directory: () => call<{ organisations: Answer.Organisation[] }>('GET', '/directory'),
  organisations: () => call<Answer.KnownOrganisation[]>('GET', '/organisations'),
  setQuota: (ura: string, order: { tokensPerDay: number | null; reason: string }) =>
    call<Answer.Outcome>('POST', `/organisations/${one(ura)}/quota`, order),
  network: () => call<Answer.Network>('GET', '/network'),
  startTest: (peerId: string) => call<{ run: string }>('POST', '/self-tests', { peerId }),
  tests: (peerId: string) => call<Answer.TestRun[]>('GET', `/self-tests?peerId=${one(peerId)}`),
  test: (run: string) => call<Answer.TestRun>('GET', `/self-tests/${one(run)}`),

  /** As people may read it: what nodes take is signed. */
  bundle: () => call<{ version: number; members: { peerId: string; name: string }[] }>('GET', '/bundle'),
  logState: () => call<Answer.LogState>('GET', '/log/state'),
  logEntries: (start: number, count: number) =>
    call<Answer.LogEntries>('GET', `/log/entries?start=${start}&count=${count}`),
  inclusion: (index: number, size: number) =>
    call<{ leaf: string; path: string[] }>('GET', `/log/inclusion?index=${index}&size=${size}`),

  statistics: () => call<Answer.Statistics>('GET', '/statistics'),
  simulate: (action: 'start' | 'pause' | 'restart') =>
    call<void>('POST', '/statistics/simulation', { action }),
}

/** The applicant's own calls: the status token says whose application it is. */
export function applicantApi(id: string, token: string) {
  const path = `/applications/${one(id)}`
  const calls = apiCaller({ ...options, headers: { 'x-twiin-status-token': token } })
  return {
    read: () => calls<Answer.Application>('GET', path),
    change: (form: Answer.ApplicationForm) => calls<Answer.Application>('PUT', path, form),
    say: (text: string) => calls<Answer.Application>('POST', `${path}/messages`, { text }),
  }
}
