import { TwiinError } from '@twiin/runtime'

/** The one refusal of this package. The reason names structure and attributes, never a value. */
export function unreadable(reason: string): TwiinError<'DICOM_UNREADABLE'> {
  return new TwiinError('DICOM_UNREADABLE', { reason })
}
