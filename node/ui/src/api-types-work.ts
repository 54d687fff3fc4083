import type { Patient } from './api-types.ts'

/** What the node answers about work on the node itself: discs, connections, rules, settings (docs/spec/10-node-api.md §2). */

export interface ShownReport {
  sopInstanceUid: string
  holder: string
  title: string
  status: string
  latest: boolean
  date: string
  author: string
  text: string
  pdf: string | null
}

export interface Queues {
  queues: {
    link: 'pacs' | 'peer'
    ura?: string
    name?: string
    waiting: number
    running: number
    urgent: number
    oldestAt?: string
    reasons: Record<string, number>
    away?: { reason: string; since: string; nextTryAt: string }
  }[]
  deadLetters: {
    kind: 'retrieval' | 'send' | 'arrival' | 'disc'
    reason: string
    count: number
    oldestAt?: string
  }[]
}

export interface StudyOnDisc {
  studyInstanceUid: string
  studyDate: string
  description: string
  modalities: string[]
  institution: string
  series: number
  instances: number
  bytes: number
  here: number
  differs: number
  transferId?: string
}

export interface PatientOnDisc extends Patient {
  key: string
  studies: StudyOnDisc[]
}

export interface Disc {
  id: string
  state: 'reading' | 'ready' | 'refused'
  reason?: string
  receivedAt: string
  expiresAt: string
  bytes: number
  format?: 'folder' | 'iso9660' | 'zip'
  counts?: { files: number; dicom: number; ballast: number; other: number; listed: number }
  problems?: { code: string; count: number; places: string[] }[]
  patients?: PatientOnDisc[]
}

export interface WantedPatient {
  key: string
  studyInstanceUids?: string[]
  patient?: { localId: string; birthDate: string }
}

export interface DiscOrder {
  studyInstanceUids: string[]
  recipient: string
  reason: string
  format: 'zip' | 'iso'
  language: 'nl' | 'en'
  password?: string
}

export interface Connection {
  kind: 'dicom' | 'dicomweb' | 'hl7'
  name: string
  use: 'delivery' | 'archive' | 'entity' | 'reports' | 'own'
  host: string
  port: number
  tls: boolean
  aeTitle?: string
  callingAeTitle?: string
  url?: string
}

export interface ConnectionResult {
  ok: boolean
  reason?: string
  answer?: string
  durationMs: number
}

export interface Rule {
  name: string
  when: Record<string, string | string[]>
  to?: { ura: string; mailbox?: string; urgency: 'routine' | 'urgent'; reason: string; note?: string }
  quietSeconds: number
  exclude?: string[]
  stop: boolean
}

export interface Routing {
  rules: Rule[]
  excludeFromSends: string[]
  timeZone: string
}

export interface RulesJudged {
  rules: { name: string; matches: boolean; sends: boolean; failing: string[] }[]
  isFromElsewhere: boolean
  identityConflict: boolean
}

interface BsnCounts {
  received: number
  present: number
  valid: number
  compared: number
  agreeing: number
}

export interface Quality {
  bsn: (BsnCounts &
    (
      | { kind: 'partner'; ura: string; name: string }
      | { kind: 'device'; callingAe: string; modality: string }
      | { kind: 'disc' }
    ))[]
  adt: { application: string; invalid: number }[]
}

export interface Archive {
  failure?: string
  pass?: { startedAt: string; endedAt?: string; done?: string } & Record<string, number | string | undefined>
  cache: { studies: number; bytes: number }
}

export interface RecallOrder {
  studyInstanceUid: string
  reason: string
  kind: 'sent-by-mistake' | 'quality' | 'patient-safety' | 'worklist-entry' | 'retention'
}

export interface EffectiveSetting {
  path: string
  description: string
  value?: unknown
  isDefault: boolean
}
