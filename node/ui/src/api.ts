import type * as Answer from './api-types.ts'

/** The node said no, with a stable code; or it did not answer at all (`NODE_UNREACHABLE`). */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  /** Number of the request in the node's log, to mention to whoever helps. */
  readonly instance: string | undefined

  constructor(code: string, status: number, instance?: string) {
    super(code)
    this.code = code
    this.status = status
    this.instance = instance
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Every call of the page goes through here. Whatever identifies a patient travels in `body`, never in `path`. */
async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: {
      accept: 'application/json',
      ...(method === 'GET' ? {} : { 'x-twiin-csrf': '1' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError('NODE_UNREACHABLE', 0)
  })
  if (!response.ok) throw await problem(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function problem(response: Response): Promise<ApiError> {
  const details = (await response.json().catch(() => ({}))) as { code?: unknown; instance?: unknown }
  return new ApiError(
    typeof details.code === 'string' ? details.code : 'UNEXPECTED',
    response.status,
    typeof details.instance === 'string' ? details.instance : undefined,
  )
}

const page = (after: string | undefined) => (after === undefined ? '' : `?after=${encodeURIComponent(after)}`)
const one = encodeURIComponent

export const api = {
  session: () => call<Answer.Session>('GET', '/session'),
  logIn: (username: string, password: string) =>
    call<Answer.Session>('POST', '/session', { username, password }),
  logOut: () => call<void>('DELETE', '/session'),
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
