import { TwiinError } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import type { InstanceHead } from './instance-head.ts'

/** Read this much of a data set first; on `DICOM_HEAD_TOO_SHORT` come back with the next size. */
export const headSizes = [64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024] as const
/** The most `HeadReader.read` accepts. */
export const headBytesLimit = 4 * 1024 * 1024

export interface HeadReaderOptions {
  /** Threads. Default 2. */
  workers?: number
  /** Wall-clock limit of one read in ms; then the thread is replaced. Default 2000. */
  timeoutMs?: number
}

export interface HeadReaderInput {
  transferSyntaxUid: string
  /** The first bytes of the data set, after group 2. */
  head: Uint8Array
  /** True when `head` is the whole data set. */
  complete: boolean
}

/**
 * Reads the head of data sets in threads with a time and a memory limit, so that no file, however hostile, stops the
 * process. Throws `DICOM_HEAD_TOO_SHORT` (only when not `complete`) and `DICOM_UNREADABLE` with the reason.
 */
export class HeadReader implements Service {
  readonly name = 'head-reader'

  constructor(_options: HeadReaderOptions, _deps: { log: Logger }) {
    throw new TwiinError('NOT_IMPLEMENTED')
  }

  read(_input: HeadReaderInput): Promise<InstanceHead> {
    throw new TwiinError('NOT_IMPLEMENTED')
  }

  async stop(): Promise<void> {
    throw new TwiinError('NOT_IMPLEMENTED')
  }
}
