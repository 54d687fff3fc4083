import { apiCaller } from '@twiin/ui-kit'

const call = apiCaller({ base: '/api/v1', csrfHeader: 'x-twiin-csrf', unreachable: 'NODE_UNREACHABLE' })

/** `GET /studies/{uid}/reports` (spec 20 §6). */
export interface ReadReport {
  sopInstanceUid: string
  holder: string
  title: string
  latest: boolean
  date: string
  author: string
  text: string
  pdf: string | null
}

export const reportsOf = async (studyInstanceUid: string) =>
  (await call<{ reports: ReadReport[] }>('GET', `/studies/${encodeURIComponent(studyInstanceUid)}/reports`))
    .reports

/** `POST /viewer-tickets` (spec 24 §7). */
export interface ViewerTicket {
  ticket: string
  expiresAt: string
  ohifUrl?: string
}

export const ticketFor = (studyInstanceUid: string) =>
  call<ViewerTicket>('POST', '/viewer-tickets', { studyInstanceUid })
