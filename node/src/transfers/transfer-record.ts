import type { Person } from '../people/people-file.ts'
import type { Hops } from './hops.ts'
import type { Only } from '../send/follow-send.ts'

/** What several transfers share on their way, and all lose together: another hospital, or the PACS (spec 17 §2). */
export type Link = 'pacs' | `peer:${string}`

/** A piece of work that must survive a restart: something fetched, sent or arriving. Holds patient data: stored sealed. */
export type TransferRecord = Retrieval | Send | Arrival | FromDisc

/** spec 17 §1 */
export type TransferState = 'queued' | 'running' | 'delivered' | 'failed' | 'held' | 'cancelled'

export interface Counted {
  readonly done: number
  readonly total: number
}

interface Common {
  /** 32 hex digits, ordered by time of creation. */
  readonly id: string
  readonly state: TransferState
  /** Code: why it waits, failed or is held. */
  readonly reason?: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly attempts: number
  /** When a queued one is tried again. */
  readonly nextTryAt: number
  /** Since when it has been tried: a person's retry begins anew. Absent: since it was created. */
  readonly triedSince?: number
  /** The link by which the last try failed: the next one is when that link is tried. */
  readonly link?: Link | undefined
  /** What the PACS did not take in the last try, and the status it gave to the first of these. */
  readonly undelivered?: { readonly instances: number; readonly status?: number } | undefined
  readonly urgent: boolean
  /** Behind everything that somebody waits for. */
  readonly background?: boolean
  readonly counterparty: { readonly ura: string; readonly name: string; readonly peerId: string }
  readonly instances: Counted
  readonly bytes: Counted
  readonly hops?: Hops
  readonly user?: Person
}

/** A radiologist fetches one study from one holder (J5). */
export interface Retrieval extends Common {
  readonly kind: 'retrieval'
  readonly studyInstanceUid: string
  readonly description: string
  readonly destination: 'pacs' | 'viewer'
  readonly purpose: { readonly basis: 'treatment' | 'referral' | 'emergency'; readonly reason: string }
  /** The holder was told that the treatment relation is registered, and knows what it means. */
  readonly relation?: 'registered'
  /** To be handed on (spec 25 §7). Absent: to be looked at. */
  readonly use?: 'share'
  /** The box under which it was asked for: it ends with it (spec 21 §2). */
  readonly emergency?: string
  /** When the user authorised it: good for 24 hours, in an emergency for one (spec 05 §2). */
  readonly authorisedAt: number
  readonly epoch: number
  readonly loc: Uint8Array
  readonly bsn: string
  /** Everything the holder's manifest names is here, verified: from now on the holder is not needed any more. */
  readonly brought?: boolean
}

/** A directed send to another hospital (J2), from here. */
export interface Send extends Common {
  readonly kind: 'send'
  readonly studyInstanceUids: readonly string[]
  readonly description: string
  readonly mailbox?: string
  readonly sendReason: string
  readonly note?: string
  /** AE title that stored it, when nobody logged in sent it. */
  readonly callingAe?: string
  /** The rule that sent it. */
  readonly rule?: string
  /** Series modalities that stay here (spec 17 §5). */
  readonly excluded?: readonly string[]
  /** The recipient noted the offer. */
  readonly offered: boolean
  /** Where it is there, as the recipient told last (spec 05 §7). */
  readonly atRecipient?: AtRecipient | undefined
  /** Only these instances, for they follow on a study that the recipient has (spec 20 §3). */
  readonly only?: Only
  readonly follows?: 'report' | 'recall'
  /** The signed receipt, exactly as it came. */
  readonly receipt?: Uint8Array
}

/** Moments in milliseconds since the Unix epoch, by the recipient's clock; `toldAt` by ours. */
export interface AtRecipient {
  readonly toldAt: number
  readonly state: 'queued' | 'running' | 'held'
  readonly reason?: string
  readonly nextTryAt?: number
  readonly eta?: number
  readonly fetched: Counted
  readonly delivered: Counted
}

/** A directed send to this hospital (J2), arriving. The id is the sender's package id. */
export interface Arrival extends Common {
  readonly kind: 'arrival'
  readonly studyInstanceUids: readonly string[]
  readonly description: string
  readonly mailbox?: string
  readonly sendReason: string
  readonly note?: string
  readonly sender: { readonly id: string; readonly name: string; readonly role: string }
  /** It follows on a study that is here (spec 20 §3). */
  readonly follows?: 'report' | 'recall'
  /** The signed offer: the evidence of what was asked. */
  readonly offer: Uint8Array
  /** SHA-256 of each signed manifest, by study. */
  readonly manifests: Readonly<Record<string, Uint8Array>>
  /** Studies that are wholly here. */
  readonly collected: readonly string[]
  /** The signed receipt that the sender was told last. */
  readonly receipt?: Uint8Array
  /** What still has to be told to the sender. */
  readonly receiptDue?: 'delivered' | 'held' | 'rejected' | undefined
}

export const isOver = ({ state }: TransferRecord) =>
  state === 'delivered' || state === 'failed' || state === 'cancelled'
/** A running one that nobody works on is one whose end could not be written down. */
export const isWaiting = ({ state }: TransferRecord) => state === 'queued' || state === 'running'
/** A study of a disc, taken in by an operator (J10, spec 19 §4). */
export interface FromDisc extends Common {
  readonly kind: 'disc'
  readonly studyInstanceUids: readonly [string]
  readonly description: string
  /** The disc, and the patient on it. */
  readonly disc: string
  readonly patientKey: string
  /** Whom the operator said this is: a number of this hospital. */
  readonly stated?: { readonly localId: string }
  /** Every instance was copied from the disc: it is not needed any more. */
  readonly brought?: boolean
}
