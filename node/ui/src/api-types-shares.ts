/** What the node answers about shares (docs/spec/25-shares.md §6). Instants ISO 8601. */

export type FactorKind = 'sms' | 'letter' | 'oidc'
export type RecipientKind = 'patient' | 'professional'
export type ShareState = 'preparing' | 'open' | 'locked' | 'blocked' | 'revoked' | 'expired' | 'failed'

/** What this node can do: what is not configured is not offered. */
export interface ShareOffers {
  mail: boolean
  factors: { sms: boolean; letter: boolean; oidc: { label: string; simulator: boolean } | null }
  validDays: number
  reportDelayDays: number
  helpPhone: string
}

export interface ShareOrder {
  studyInstanceUids: string[]
  searchId?: string
  reports: 'all' | 'none'
  recipient: { kind: RecipientKind; name?: string; email?: string }
  secondFactor: { kind: 'sms'; phone: string } | { kind: 'letter' } | { kind: 'oidc' }
  validDays: number
  downloads: boolean
  discussed: boolean
  language: 'nl' | 'en'
}

export interface SharedStudy {
  studyInstanceUid: string
  date: string
  words: { nl: string; en: string }
  hospital: string
  reports: number
  instances: number
  bytes: number
}

export interface SharePreview {
  mail: { subject: string; text: string; html: string } | null
  opensAt: string
  expiresAt: string
  studies: SharedStudy[]
}

/** `url` and `code` are given this once. */
export interface GivenShare {
  id: string
  url: string
  code?: string
  state: ShareState
  opensAt: string
  expiresAt: string
  /** The mail leaves when the package is whole. */
  mailed: boolean
}

export interface Times {
  count: number
  last?: string
}

export interface Share {
  id: string
  createdAt: string
  createdBy: { id: string; name: string }
  recipient: { kind: RecipientKind; name?: string; email?: string }
  factor: FactorKind
  state: ShareState
  reason?: string
  opensAt: string
  expiresAt: string
  studies: SharedStudy[]
  bytes: number
  progress: { done: number; total: number }
  opened: Times
  viewed: Times
  downloaded: Times
  triesLeft: number
  mail: 'none' | 'waiting' | 'sent' | 'failed'
  /** Of one share alone. */
  history?: { at: string; what: string; by?: string; phoneEnd?: string }[]
}
