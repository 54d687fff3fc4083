import { TwiinError } from '@twiin/runtime'

export interface Part10Meta {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
}

/**
 * The first bytes of a DICOM file (PS3.10 §7.1): an empty preamble, so that the file cannot also be a program,
 * `DICM`, and group 2 with our own implementation class UID. The data set follows it unchanged.
 */
export function part10Header(_meta: Part10Meta & { sourceAe?: string }): Buffer {
  throw new TwiinError('NOT_IMPLEMENTED')
}

/**
 * Reads what `part10Header` writes, from any writer. Throws `DICOM_UNREADABLE` with the reason.
 * `dataSetOffset` is where group 2 really ends, whatever its length element claims.
 */
export function readPart10Meta(_head: Uint8Array): Part10Meta & { dataSetOffset: number } {
  throw new TwiinError('NOT_IMPLEMENTED')
}
