import type { OverReason, ShareLanguage, ShareRecipient } from './share-record.ts'

/** What recipients do that is on record. */
export const sights = ['viewed', 'downloaded'] as const
export type Sight = (typeof sights)[number]

/** What the pages for patients ask of shares. `link` is a segment of the address: any text of up to 64 characters. */
export interface PatientDoor {
  /** As silent for a link that nobody made. Throws `BUSY` when too many codes are judged at once. */
  askCode(link: string, from: Network): Promise<void>
  enter(link: string, proof: Proof, from: Network): Promise<Entered>
  /** Undefined once it is over, locked or not open yet. */
  opened(shareId: string): Promise<OpenShare | undefined>
  /** What happened to it, oldest first. */
  history(shareId: string): Promise<readonly Happening[]>
  /** On record when it resolves. */
  noted(shareId: string, what: Sight): Promise<void>
  /** By the recipient, for good; the package is gone when it resolves. */
  block(shareId: string): Promise<void>
  /** Sessions of it end at once. */
  onOver(listener: (shareId: string) => void): void
}

/** Whose tries wait together: `clientNetwork` of who asks. */
export type Network = string

export type Proof = { readonly code: string } | { readonly bsn: string }

export type Entered =
  | { readonly outcome: 'open'; readonly shareId: string }
  | { readonly outcome: 'wrong'; readonly left: number }
  | { readonly outcome: 'code-spent' }
  | { readonly outcome: 'locked' }
  | { readonly outcome: 'early'; readonly opensAt: number }
  | { readonly outcome: 'preparing' }
  | { readonly outcome: 'over'; readonly reason: OverReason }
  | { readonly outcome: 'busy' }

export interface Happening {
  readonly at: number
  readonly what: string
}

export interface OpenShare {
  readonly id: string
  readonly expiresAt: number
  readonly downloads: boolean
  readonly recipient: ShareRecipient['kind']
  readonly packageFile: string
  readonly packageBytes: number
  readonly language: ShareLanguage
}
