import { TwiinError } from '@twiin/runtime'

export interface ScanResult {
  /** The data set ends where its last element ends. */
  complete: boolean
  /** Why not. Never a value of an element. */
  reason?: string
  /** Offset of the Pixel Data element in the (inflated) data set. */
  pixelDataOffset?: number
}

/**
 * Walks a data set as it comes in, to know at its end whether it is whole. Memory does not grow with the data set;
 * pixel data is skipped by length. Never throws on hostile input: the verdict stands in `end()`.
 */
export class DataSetScan {
  constructor(_options: { transferSyntaxUid: string }) {
    throw new TwiinError('NOT_IMPLEMENTED')
  }

  /** Await it: a deflated data set is inflated on the way. */
  push(_chunk: Uint8Array): Promise<void> | undefined {
    throw new TwiinError('NOT_IMPLEMENTED')
  }

  end(): Promise<ScanResult> {
    throw new TwiinError('NOT_IMPLEMENTED')
  }
}
