import { call } from '../api.ts'

/** `POST /viewer-tickets` (spec 24 §7). */
export interface ViewerTicket {
  ticket: string
  expiresAt: string
  ohifUrl?: string
}

export const ticketFor = (studyInstanceUid: string) =>
  call<ViewerTicket>('POST', '/viewer-tickets', { studyInstanceUid })
