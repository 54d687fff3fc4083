import type { Attributes } from '@twiin/dicom'
import type { Person } from '../people/people-file.ts'

/** Levels of the information model (PS3.4 C.6). */
export type QueryLevel = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE'

/** On whose behalf something is asked for. */
export interface Asker {
  /** A user, or the responsible person of an AE. */
  readonly person: Person
  /** Other hospitals are asked too, for treatment by this person. Never an emergency (spec 13 §3). */
  readonly federated: boolean
  /** For the audit line: `C-FIND RADPACS`, `QIDO-RS`. */
  readonly by: string
}

export interface DeskQuery {
  readonly level: QueryLevel
  /**
   * Matching and return keys. The level's unique key and those above it, and everything of the query's level that is
   * known, stand in the answers whether asked for or not: the caller picks.
   */
  readonly keys: Attributes
  readonly asker: Asker
  /** A patient search of this person (`POST /patient-searches`) in place of a patient's number. */
  readonly searchId?: string
  /** Leave other hospitals out. */
  readonly localOnly?: boolean
  /** Most answers; what there is beyond makes the outcome `truncated`. Default and ceiling: 2,000 (50,000 instances). */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface QueryMatch {
  readonly attributes: Attributes
  readonly studyInstanceUid: string
  readonly holder: { readonly ura: string; readonly name: string }
  /** Made here; its bytes are in the holdings. */
  readonly local: boolean
  /** Of a study elsewhere: the patient search that found it, which a retrieval needs. */
  readonly searchId?: string
}

/** A holder that has, or may have, studies of the patient and did not show them. */
export interface SilentHolder {
  readonly ura: string
  readonly name: string
  /** `pending`: had not answered when the time was up. `failed`: nobody could be asked, see the reason. */
  readonly status: 'refused' | 'unreachable' | 'pending' | 'failed'
  readonly reason: string
}

/** Complete once the matches have come to their end. */
export interface QueryOutcome {
  silent: SilentHolder[]
  truncated: boolean
}

/**
 * A query being answered: local matches at once, those of others as they come, each study once, its own hospital's first.
 * Iterated once. Throws `QUERY_INVALID` (why: a key that is malformed or missing), `BSN_INVALID`.
 */
export interface QueryRun extends AsyncIterable<QueryMatch> {
  readonly outcome: QueryOutcome
}

/** Where a study can be had from. */
export type Located =
  | { readonly local: true; readonly handle: string }
  | {
      readonly local: false
      readonly searchId: string
      /** URA and name of who has it. */
      readonly holder: string
      readonly holderName: string
      /** How many instances it told of. */
      readonly instances: number
    }
