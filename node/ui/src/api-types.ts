/** What the node answers (docs/spec/10-node-api.md §2). Dates are `YYYY-MM-DD`, instants ISO 8601. */

export type Role = 'radiologist' | 'operator' | 'auditor'

export interface Session {
  user: { id: string; name: string; role: Role }
  hospital: { ura: string; name: string }
  /** `needed`: nothing else goes before the person has a second factor. */
  secondFactor: 'needed' | 'settled'
  /** By the hospital's own log-in. */
  signedOn: boolean
  /** Without anything done, after which the session is locked. */
  idleSeconds: number
  confirmedAt: string | null
}

export interface SearchQuestion {
  bsn: string
  birthDate?: string
  /** In an emergency the reason is that of the box. */
  purpose: { basis: 'treatment' | 'emergency'; reason: string }
}

export type HolderStatus = 'answered' | 'refused' | 'unreachable' | 'pending'

export interface SearchHolder {
  ura: string
  name: string
  status: HolderStatus
  reason?: string
  /** How many studies of it stand in the list. */
  studies: number
}

export interface FoundStudy {
  /** Null when only the index tells of it. */
  studyInstanceUid: string | null
  handle: string
  detail: 'holder' | 'index'
  holder: string
  studyDate: string | null
  modalities: string[]
  description: string
  instances: number
  bytes: number
  reports: number
  local: boolean
}

export interface PatientSearch {
  id: string
  complete: boolean
  patient?: { name: string; birthDate: string | null; sex: string }
  holders: SearchHolder[]
  studies: FoundStudy[]
  index: { asked: number; answered: number }
  relation: 'stated' | 'registered'
  /** The box under which it was asked, and how many were asked besides those of the index. */
  emergency?: { id: string; until: string; open: boolean; asked: number; unreachable: number }
}

export interface Counted {
  done: number
  total: number
}

export type TransferState = 'queued' | 'running' | 'delivered' | 'failed' | 'held' | 'cancelled'
export type HopName =
  'received' | 'queued' | 'offered' | 'fetched' | 'filed' | 'delivered' | 'committed' | 'receipt'

export interface Transfer {
  id: string
  kind: 'retrieval' | 'send' | 'arrival' | 'disc'
  state: TransferState
  reason?: string
  studyDescription: string
  studyInstanceUids: string[]
  patientName?: string
  counterparty: { ura: string; name: string }
  destination?: 'pacs' | 'viewer'
  mailbox?: string
  note?: string
  sendReason?: string
  sender?: string
  urgency?: 'routine' | 'urgent'
  instances: Counted
  bytes: Counted
  createdAt: string
  updatedAt: string
  nextTryAt?: string
  /** Of a send that has not begun: until then it may be undone. */
  startsAt?: string
  background?: boolean
  /** What the PACS did not take, and the DIMSE status of the first. */
  undelivered?: { instances: number; status?: number }
  attempts: number
  retryable: boolean
  cancellable: boolean
  hops: { hop: HopName; at: string | null }[]
  eta: string | null
}

export interface Receipt {
  signed: string
  state: 'delivered' | 'held' | 'rejected'
  recipient: string
  issuedAt: string
  instances: number
  manifests: string[]
}

export interface SendDetails {
  id: string
  receipt?: Receipt
}

export interface SendOrder {
  studyInstanceUids: string[]
  recipient: { ura: string; mailbox?: string }
  reason: string
  note?: string
  urgency: 'routine' | 'urgent'
  startAfterSeconds: number
}

export interface Patient {
  name: string
  birthDate: string
  sex: string
  localId: string
  issuer: string
  /** Masked by the node. */
  bsn: string | null
}

export interface HeldStudy {
  handle: string
  studyInstanceUid: string
  patient: Patient
  studyDate: string
  modalities: string[]
  description: string
  instances: number
  bytes: number
  reports: number
  origin:
    | { kind: 'local' }
    | { kind: 'remote'; ura: string; name: string }
    | { kind: 'disc'; ura: ''; name: string }
  receivedAt: string
  publication: { state: 'published' | 'pending' | 'unpublished'; reason?: string }
}

export interface Member {
  ura: string
  name: string
  category: 'umc' | 'hospital' | 'clinic'
  level: number
  state: 'testing' | 'exchanging'
  mailboxes: string[]
  /** Called when its node cannot be reached. */
  phone?: string
  /** Multiaddrs. */
  endpoints: string[]
  self: boolean
  connected: boolean
  /** Since its node was started. */
  lastSeen?: string
}

export type ConsentScope =
  { kind: 'all' } | { kind: 'category'; category: Member['category'] } | { kind: 'organisation'; ura: string }

export type GivenBy = 'patient' | 'parent' | 'both'

export interface ConsentRecord {
  scope: ConsentScope
  decision: 'permit' | 'deny'
  source: 'local' | 'mitz'
  by: string
  recordedAt: string
  givenBy?: GivenBy
  note?: string
}

export type IndexChoice = 'hidden' | 'pointer'

export interface ConsentState {
  /** In force. */
  records: ConsentRecord[]
  /** Replaced, or not counting now. */
  history: ConsentRecord[]
  publishable: boolean
  birthDate?: string
  /** Who may give a permit at this age; empty when that cannot be told. */
  givers: GivenBy[]
  shielding?: { index: IndexChoice; since: string; by: string }
}

export interface ConsentEffect {
  entry: { before: IndexSight; after: IndexSight }
  studies: number
  members: { ura: string; name: string; before: Sight; after: Sight }[]
}
export type IndexSight = 'listed' | 'pointer' | 'none'
export type Sight = 'yes' | 'registered' | 'no'

export interface ConsentOrder {
  bsn: string
  decision: 'permit' | 'deny'
  scope: ConsentScope
  givenBy: GivenBy
  note?: string
}

export type EmergencyVerdict = 'justified' | 'unjustified' | 'follow-up'

/** Why somebody needs what nobody agreed to (spec 21 §1). */
export type EmergencyCause = 'life-threatening' | 'not-responsive' | 'other'
export interface EmergencyAccess {
  id: string
  direction: 'own' | 'received'
  state: 'open' | 'ended' | 'refused'
  openedAt: string
  until: string
  endedAt?: string
  cause?: EmergencyCause
  reason: string
  user: { id: string; name: string; role: string }
  organisation: { ura: string; name: string }
  /** The BSN is masked by the node. */
  patient: { bsn: string; name?: string }
  searches: number
  retrievals: number
  shielded?: boolean
  /** Helped while nobody knew what the patient said elsewhere. */
  consent?: 'unavailable'
  outcomeReason?: string
  review?: { verdict: EmergencyVerdict; note: string; by: { id: string; name: string }; at: string }
}

export type Decision = 'same-patient' | 'other-patient' | 'reject'

export interface WorkItem {
  id: string
  kind:
    | 'PATIENT_CONFLICT'
    | 'IDENTITY_CONFLICT'
    | 'INSTANCE_CONFLICT'
    | 'REPORT_PATIENT_CONFLICT'
    | 'REPORT_UNMATCHED'
    | 'RECALLED'
  /** Why it was taken back, as its holder says. */
  reason?: string
  state: 'open' | 'notice' | 'resolved'
  at: string
  transferId?: string
  study: { studyInstanceUid: string; studyDate: string; description: string; modalities: string[] }
  incoming: Patient & { from: { ura: string; name: string } }
  local: Patient
  differences: string[]
  /** Score 0–100 of how alike both are, and what each field added to it. */
  comparison?: {
    score: number
    fields: {
      field: 'bsn' | 'birthDate' | 'familyName' | 'givenName' | 'sex'
      verdict: 'agrees' | 'near' | 'differs' | 'unknown'
      points: number
    }[]
  }
  resolution?: { decision: Decision; by: string; at: string }
}

export interface AuditLine {
  seq: number
  hash: string
  event: string
  at: string
  outcome: 'success' | 'refused' | 'failed'
  reason?: string
  user?: { id: string; name?: string; role: string }
  /** Whose account was changed. */
  account?: string
  organisation: { ura: string; name: string }
  peer?: { ura: string; name: string }
  patient?: { citizenNumber?: string; localId?: string; mergedId?: string }
  objects?: { studyInstanceUids?: string[]; count?: number }
  purpose?: { basis: string; reason: string }
  protocol?: string
  consent?: string
  emergency: boolean
  requestId?: string
}

export type Chain = { ok: true; head: { seq: number } } | { ok: false; firstBad: number; why: string }

export interface AuditPage {
  events: AuditLine[]
  next?: number
  chain: Chain
}

export interface AuditFilter {
  from: string
  to: string
  user: string
  event: string
  peer: string
  outcome: string
  emergency: boolean
}

export type ReviewVerdict = 'in-order' | 'not-in-order' | 'to-be-looked-into'
export interface AuditReview extends AuditLine {
  reasons: string[]
  /** Entries like it that stand under this one. */
  alike: number
  review?: { verdict: ReviewVerdict; note?: string; by: { id: string; name: string }; at: string }
}

export interface AccountDifference {
  peer: { ura: string; name: string }
  day: string
  requestId: string
  code: 'UNKNOWN_HERE' | 'UNKNOWN_THERE' | 'COUNT_DIFFERS' | 'MANY_DIFFERENCES'
  here: string[]
  there: string[]
  given?: number
  received?: number
  foundAt: string
  settledAt?: string
}

export interface PatientAccountQuestion {
  bsn: string
  from?: string
  to?: string
  language: 'nl' | 'en'
}
export interface PatientAccount {
  lines: {
    at: string
    when: string
    who: string
    organisation: string
    what: string
    why?: string
    outcome: 'success' | 'refused' | 'failed'
    emergency: boolean
  }[]
  more: boolean
}

export interface Status {
  hospital: { ura: string; name: string }
  version: string
  peerId: string
  demo?: boolean
  certificate: { notAfter: string; daysLeft: number }
  registry: { reachable: boolean; lastContact?: string }
  bundle: { version: number; issuedAt: string }
  peers: { ura: string; name: string; connected: boolean; lastSeen?: string }[]
  pacs: { reachable: boolean; lastEcho?: string }
  /** `reserved`: the reserve that a full disk may not touch is there. */
  disk: { freeBytes: number; reserved: boolean; daysToFull?: number }
  index: { pending: number }
  queues: Record<'queued' | 'running' | 'held', number>
  emergencies: { unreviewed: number }
  /** Codes: why the node is not ready. */
  problems: string[]
  /** All that is not as it should be, with when it began and when it gets worse. */
  degraded: { code: string; reason?: string; since?: string; until?: string; decision: 'soft' | 'hard' }[]
}

export interface LiveEvent {
  kind: 'transfer' | 'search' | 'study' | 'exception' | 'disc' | 'peer' | 'emergency' | 'share'
  id: string
  state: string
}
