import { TwiinError } from '@twiin/runtime'

export interface IncomingPart {
  /** By name in lower case. */
  headers: ReadonlyMap<string, string>
  /** Read once, before the next part is asked for; what was not read is passed over. */
  body: AsyncGenerator<Buffer>
}

const mostHeaderBytes = 8 * 1024
const mostParts = 10_000
const lineEnd = Buffer.from('\r\n')
const headerEnd = Buffer.from('\r\n\r\n')

/** The boundary of a `multipart/related` (RFC 2046 §5.1.1) of this type; undefined when it is none. */
export function boundaryOf(contentType: string, ofType: string): string | undefined {
  if (contentType.length > 1024 || !/^multipart\/related\s*;/i.test(contentType)) return undefined
  const type = /;\s*type\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  if ((type?.[1] ?? type?.[2] ?? '').toLowerCase() !== ofType) return undefined
  return boundary?.[1] ?? boundary?.[2]
}

/**
 * Reads a multipart body part by part as it comes, holding one chunk of it. Throws `MULTIPART_INVALID` for one that ends
 * before its last boundary, has headers of more than 8 KiB or more than 10,000 parts.
 */
export class MultipartReader {
  readonly #source: AsyncIterator<Buffer>
  readonly #delimiter: Buffer
  #bytes: Buffer = lineEnd // so that the first delimiter is found like the others
  #inPart = false

  constructor(source: AsyncIterable<Buffer>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  async *parts(): AsyncGenerator<IncomingPart> {
    // Whatever stands before the first delimiter is no part.
    await passOver(this.#untilDelimiter())
    for (let count = 1; await this.#hasPart(); count++) {
      if (count > mostParts) throw invalid('too many parts')
      const headers = await this.#headers()
      this.#inPart = true
      const body = this.#untilDelimiter()
      yield { headers, body }
      if (this.#inPart) await passOver(this.#untilDelimiter())
    }
  }

  /** Behind a delimiter: `--` ends it all, a line end begins a part. */
  async #hasPart(): Promise<boolean> {
    for (;;) {
      if (this.#bytes.length < 2) await this.#more()
      const two = this.#bytes.subarray(0, 2)
      if (two.toString('latin1') === '--') return false
      if (two.equals(lineEnd)) break
      if (two[0] !== 0x20 && two[0] !== 0x09) throw invalid('no line end behind a boundary')
      this.#bytes = this.#bytes.subarray(1)
    }
    return true
  }

  async #headers(): Promise<Map<string, string>> {
    let end: number
    while ((end = this.#bytes.indexOf(headerEnd)) < 0) {
      if (this.#bytes.length > mostHeaderBytes) throw invalid('headers are too long')
      await this.#more()
    }
    if (end > mostHeaderBytes) throw invalid('headers are too long')
    const lines = this.#bytes.subarray(2, Math.max(2, end)).toString('latin1').split('\r\n')
    this.#bytes = this.#bytes.subarray(end + headerEnd.length)
    // A part without a byte has its delimiter right behind the headers.
    this.#bytes = Buffer.concat([this.#bytes])
    return new Map(
      lines.flatMap((line): [string, string][] => {
        const at = line.indexOf(':')
        return at < 1 ? [] : [[line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]]
      }),
    )
  }

  /** The bytes up to the next delimiter, which is taken too. */
  async *#untilDelimiter(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#bytes.indexOf(this.#delimiter)
      if (at >= 0) {
        const last = this.#bytes.subarray(0, at)
        this.#bytes = this.#bytes.subarray(at + this.#delimiter.length)
        this.#inPart = false
        if (last.length > 0) yield last
        return
      }
      // The end of what is here may be the beginning of a delimiter.
      const safe = this.#bytes.length - this.#delimiter.length + 1
      if (safe > 0) {
        const piece = this.#bytes.subarray(0, safe)
        this.#bytes = this.#bytes.subarray(safe)
        yield piece
      }
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done === true) throw invalid('ends before its last boundary')
    this.#bytes = this.#bytes.length === 0 ? next.value : Buffer.concat([this.#bytes, next.value])
  }
}

async function passOver(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

const invalid = (reason: string) => new TwiinError('MULTIPART_INVALID', { reason })
