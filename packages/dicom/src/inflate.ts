import { Readable, pipeline } from 'node:stream'
import { constants, createInflateRaw } from 'node:zlib'
import { codeOf } from '@twiin/runtime'
import { unreadable } from './unreadable.ts'

/** Deflate shrinks zeros a thousandfold: what comes out is counted, and no deflated data set we take is larger. */
const maxInflatedBytes = 256 * 1024 * 1024
/** Empty masks are small and shrink far; what is large holds an image, and images do not shrink so. */
const freeInflatedBytes = 64 * 1024 * 1024
const maxRatio = 200

/**
 * Elements and items of a deflated data set. One of eight bytes takes a hundredth of a byte on the wire, and as long as
 * any other here: without an end to them a small file would keep the process busy for long.
 */
export const maxDeflatedElements = 1_000_000

/**
 * The bytes of a deflated data set (PS3.5 A.5), inflated block by block. Throws `DICOM_UNREADABLE` when it is not
 * deflate, ends early (unless `allowTruncated`: the head of a longer one), inflates to more than `maxBytes`, or to more
 * than 64 MiB and 200 times what came in.
 */
export async function* inflate(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: { maxBytes?: number; allowTruncated?: boolean } = {},
): AsyncGenerator<Uint8Array> {
  const finishFlush = options.allowTruncated === true ? constants.Z_SYNC_FLUSH : constants.Z_FINISH
  const inflated = createInflateRaw({ finishFlush })
  // The source's error, too, reaches us through `inflated`; leaving the loop early destroys both.
  pipeline(Readable.from(source), inflated, () => {})
  const most = options.maxBytes ?? maxInflatedBytes
  let total = 0
  try {
    for await (const bytes of inflated as AsyncIterable<Buffer>) {
      total += bytes.length
      const outOfProportion = total > freeInflatedBytes && total > maxRatio * inflated.bytesWritten
      if (total > most || outOfProportion) throw unreadable('inflates beyond the limit')
      yield bytes
    }
  } catch (error) {
    throw codeOf(error).startsWith('Z_') ? unreadable('not a whole deflate stream') : error
  }
}
