import { TwiinError } from '@twiin/runtime'
import type { PatientIdentifier } from './instance-head.ts'

/** The identifiers an object gets when it leaves the node (D9b); whatever is left out stays as it is. */
export interface EgressOverlay {
  /** Replaces PatientID and its issuer; an issuer or OID left out is removed, for the old one did not give out this number. */
  patientId?: PatientIdentifier
  accession?: { number: string; issuer?: string }
  /** For the audit trail in the object (Original Attributes Sequence, PS3.3 C.12.1). */
  modifyingSystem: string
  source?: string
  at: Date
}

/**
 * The data set with the overlay's identifiers, every other element byte for byte as it came. Streams: pixel data is
 * never held. When the object already has these identifiers nothing is changed at all.
 * Throws `OVERLAY_INVALID` for values that do not fit DICOM, `DICOM_UNREADABLE` for a data set that cannot be walked.
 */
export function applyOverlay(
  _overlay: EgressOverlay,
  _input: { transferSyntaxUid: string; dataSet: AsyncIterable<Uint8Array> },
): AsyncIterable<Uint8Array> {
  throw new TwiinError('NOT_IMPLEMENTED')
}
