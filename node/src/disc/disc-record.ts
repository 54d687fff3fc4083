import type { DiscContents, DiscPatient, DiscStudy } from '@twiin/media'
import type { Person } from '../people/people-file.ts'

/** A study on a disc, as it is shown; where its instances stand is kept apart. */
export interface StudyOnDisc extends Omit<DiscStudy, 'instances'> {
  instances: number
  /** Held here already, byte for byte, when the disc was read. */
  here: number
  /** Held here with other content under the same identifier. */
  differs: number
  transferId?: string
}

export interface PatientOnDisc extends Omit<DiscPatient, 'studies'> {
  studies: StudyOnDisc[]
}

/** A disc that was sent here. Holds patient data: stored sealed. */
export interface DiscRecord {
  /** 32 hex digits, ordered by time. */
  readonly id: string
  readonly state: 'reading' | 'ready' | 'refused'
  /** Code: why it is refused. */
  readonly reason?: string
  /** Readings that were begun and did not come to an end, the one that runs included. */
  readonly readings?: number
  readonly receivedAt: number
  readonly expiresAt: number
  readonly bytes: number
  readonly user: Person
  readonly contents?: Omit<DiscContents, 'patients'> & { patients: PatientOnDisc[] }
}

/** What the API shows of it (spec 19 §4). */
export function describeDisc({ contents, ...record }: DiscRecord, detail: 'short' | 'whole') {
  const { id, state, reason, receivedAt, expiresAt, bytes } = record
  return {
    ...{ id, state, bytes },
    ...(reason === undefined ? {} : { reason }),
    receivedAt: new Date(receivedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    ...(contents === undefined ? {} : { format: contents.format, counts: contents.counts }),
    ...(contents === undefined || detail === 'short'
      ? {}
      : { problems: contents.problems, patients: contents.patients }),
  }
}
