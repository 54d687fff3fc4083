import { TwiinError } from '@twiin/runtime'

/** Longer headers of a part, or a longer boundary, nobody needs. */
const mostHeaderBytes = 16 * 1024
const boundaryPattern = /;\s*boundary="?([A-Za-z0-9'()+_,\-./:=? ]{1,70})"?/i

/** The boundary of a multipart media type (RFC 2046 §5.1.1). Throws ARCHIVE_INVALID. */
export function boundaryOf(contentType: string | null): string {
  const [, boundary] = boundaryPattern.exec(contentType ?? '') ?? []
  if (boundary === undefined || !/^multipart\/related\b/i.test(contentType ?? ''))
    throw new TwiinError('ARCHIVE_INVALID', { what: 'media type' })
  return boundary.trim()
}

export type PartPiece = { kind: 'begin' } | { kind: 'bytes'; bytes: Buffer } | { kind: 'end' }

/**
 * A multipart body as it comes, in pieces of parts: nothing is gathered but what may be the beginning of a boundary, and
 * the headers of a part. Throws ARCHIVE_INVALID when it is malformed or ends before its last boundary.
 */
export async function* multipart(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<PartPiece> {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first delimiter may stand at the very beginning, without a line end.
  let rest: Buffer = Buffer.from('\r\n')
  let state: 'preamble' | 'after-delimiter' | 'headers' | 'content' | 'over' = 'preamble'
  for await (const chunk of body) {
    if (state === 'over') continue
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      if (state === 'after-delimiter') {
        if (rest.length < 2) break
        const isLast = rest[0] === 0x2d && rest[1] === 0x2d
        if (isLast) {
          state = 'over'
          break
        }
        state = 'headers'
      }
      if (state === 'headers') {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0 && rest.length > mostHeaderBytes) throw invalid('headers of a part')
        if (end < 0) break
        rest = rest.subarray(end + 4)
        state = 'content'
        yield { kind: 'begin' }
      }
      const at = rest.indexOf(delimiter)
      const known = at < 0 ? Math.max(0, rest.length - delimiter.length + 1) : at
      if (state === 'content' && known > 0) yield { kind: 'bytes', bytes: rest.subarray(0, known) }
      if (at < 0) {
        rest = Buffer.from(rest.subarray(known))
        break
      }
      rest = rest.subarray(at + delimiter.length)
      if (state === 'content') yield { kind: 'end' }
      state = 'after-delimiter'
    }
  }
  if (state !== 'over') throw invalid('end of the body')
}

const invalid = (what: string) => new TwiinError('ARCHIVE_INVALID', { what })
