/** What the registry answers (docs/spec/06-registry.md). Instants are ISO 8601, months `2026-11`. */

export type Role = 'administrator' | 'auditor'

export interface Session {
  user: { id: string; name: string; role: Role }
  /** When this person last gave a code to confirm something. */
  confirmedAt: string | null
}

export type Category = 'umc' | 'hospital' | 'clinic'

export interface Contact {
  role: 'administrative' | 'technical' | 'privacy'
  name: string
  email: string
  phone?: string
}

/** What a clinic says about itself in public. */
export interface Facts {
  organisation: string
  ura: string
  agb?: string
  kvk?: string
  category: Category
  level?: number
  declaredPatients: number
  mailboxes: string[]
  phone?: string
}

export interface ApplicationForm extends Facts {
  contacts?: Contact[]
  remarks?: string
  /** PKCS #10, DER, base64. Left out: the key stays as it is. */
  csr?: string
}

export type ApplicationState = 'open' | 'approved' | 'rejected' | 'superseded'
export type ProgressStep = 'applied' | 'approved-once' | 'approved' | 'enrolled' | 'tested' | 'exchanging'
export type Verdict = 'passed' | 'warned' | 'failed'

/** `by` is left out for applicants. */
export interface Approval {
  by?: string
  at: string
}

export interface Application extends Facts {
  id: string
  peerId?: string
  /** Of the key, to be read out by telephone. */
  fingerprint?: string
  contacts: Contact[]
  remarks?: string
  at: string
  changedAt: string
  /** Of what is approved. */
  digest: string
  state: ApplicationState
  reason?: string
  approvals: Approval[]
  /** Approvals that a later change made void. */
  voided?: Approval[]
  checks: { name: string; result: Verdict; detail?: string }[]
  messages: { from: 'registry' | 'applicant'; at: string; text: string }[]
  progress: { step: ProgressStep; at?: string }[]
  enrolled?: { peerId: string; serial: string }
}

/** With the second approval, once. */
export interface Admitted extends Application {
  enrolmentToken?: string
  expiresAt?: string
}

export type CertificateStatus = 'valid' | 'expired' | 'revoked' | 'suspended'

export interface Certificate {
  serial: string
  ura: string
  name: string
  peerId: string
  notBefore: string
  notAfter: string
  status: CertificateStatus
  daysLeft: number
  issuedAt: string
  /** Line in the log. */
  index: number
  reason?: string
  approvedBy: string[]
}

export interface CertificateDetails extends Certificate {
  pem: string
  text: {
    subject: string[]
    sans: string[]
    key: { algorithm: string; peerId: string; fingerprint: string }
    extensions: { name: string; critical: boolean; value: string }[]
  }
}

export interface Effect {
  certificates: number
  isWitness: boolean
  witnessesLeft: number
  quorum: number
  exchangingBefore: number
  exchangingAfter: number
  lastAnnounced?: string
}

export type Measure = 'revocation' | 'suspension' | 'resumption'

/** Recorded: the first person's word. Anything else: done. */
export interface Outcome {
  state: 'recorded' | 'revoked' | 'suspended' | 'valid' | 'set'
}

export interface OpenRequest {
  id: string
  by: string
  at: string
  request:
    | { kind: Measure; peerId: string; serial: string; reason: string }
    | { kind: 'quota'; ura: string; tokensPerDay: number | null; reason: string }
}

/** What one person did alone, and another has to look at. */
export interface Review {
  peerId: string
  serial: string
  ura: string
  name: string
  state: 'revoked' | 'suspended'
  by: string
  at: string
  reason: string
}

export type MemberState = 'testing' | 'exchanging' | 'suspended' | 'expired'

export interface Organisation {
  ura: string
  name: string
  category: Category
  level?: number
  state: MemberState
  since: string
  mailboxes: string[]
  phone?: string
  endpoints: string[]
}

export interface KnownOrganisation extends Organisation {
  peerId: string
  serial: string
  certificates: number
  quota: number
  quotaIsOwn: boolean
  declaredPatients: number
  announcedAt?: string
  selfTest?: { run: string; passed: boolean; at: string }
}

export interface NetworkNode {
  ura: string
  name: string
  peerId: string
  state: MemberState
  addresses: string[]
  announcedAt?: string
  certificateEnds: string
  isWitness: boolean
  lastCosigned?: string
  lastReport?: string
}

export interface Network {
  nodes: NetworkNode[]
  connected?: number
}

export type TestStep = 'reach' | 'echo' | 'publish' | 'find' | 'send' | 'receive'

export interface TestRun {
  run: string
  peerId: string
  ura: string
  name: string
  level: number
  reference: { peerId: string; name: string }
  state: 'running' | 'passed' | 'failed'
  startedAt: string
  endedAt?: string
  steps: { name: TestStep; result?: Verdict; ms?: number; reason?: string; running?: true }[]
  index?: number
  version?: string
}

export interface LogState {
  size: number
  /** Base64. */
  root: string
  checkpoint?: string
  cosigned?: { size: number; at: string; cosigners: string[] }
  phase: 'founding' | 'required'
  foundingEndsAt: string
  quorum: number
  witnesses: { peerId: string; ura: string; name: string; lastSize?: number; lastAt?: string }[]
  ledgerBehind?: true
  ledgerUnconfirmed?: true
}

export interface LogEntries {
  size: number
  entries: { index: number; line: string }[]
}

/** Null: fewer than five, so that it points at nobody. */
export type SafeCount = number | null

export interface HalfMonth {
  studies: SafeCount
  discsReplaced: SafeCount
}

export interface Figures {
  coverage: {
    hospitals: { exchanging: number; total: number }
    clinics: { exchanging: number; joined: number }
  }
  /** Exchanging at the end of each month. */
  history: { month: string; hospitals: number; clinics: number }[]
  months: { month: string; halves: (HalfMonth | null)[]; studies: SafeCount }[]
  byLevel: Readonly<Record<'1' | '2' | '3' | '4', number>>
}

export interface Simulation {
  name: string
  running: boolean
  elapsedSeconds: number
  durationSeconds: number
  /** The simulated day. */
  date: string
  figures: Figures
}

export interface Statistics extends Figures {
  members: number
  openApplications: number
  certificates: Readonly<Record<CertificateStatus, number>>
  bundleVersion: number
  studiesPerDisc: number
  simulation: Simulation | null
}
