import { Readable, pipeline } from 'node:stream'
import { createDeflateRaw } from 'node:zlib'
import { ElementWalker } from './element-walker.ts'
import type { Encoding } from './element-header.ts'
import { inflate, maxDeflatedElements } from './inflate.ts'
import type { EgressOverlay } from './overlay-edits.ts'
import { OverlaySplice, maxHeldBytes } from './overlay-splice.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

const firstProbeBytes = 64 * 1024

/**
 * The data set with the overlay's identifiers, every other element byte for byte as it came. Streams: pixel data is
 * never held. When the object already has these identifiers nothing is changed at all. Group lengths (gggg,0000) are
 * kept, with their new value. Throws `OVERLAY_INVALID` for values that do not fit DICOM, `DICOM_UNREADABLE` for a data
 * set that cannot be walked, is cut off (known only at its end) or has an identifier twice.
 */
export async function* applyOverlay(
  overlay: EgressOverlay,
  input: { transferSyntaxUid: string; dataSet: AsyncIterable<Uint8Array> },
): AsyncGenerator<Uint8Array> {
  const syntax = describeTransferSyntax(input.transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  if (syntax.deflated) yield* applyDeflated(overlay, syntax, input.dataSet)
  else yield* splice(new OverlaySplice(overlay, syntax), syntax, input.dataSet)
}

async function* splice(
  sink: OverlaySplice,
  encoding: Encoding & { deflated?: boolean },
  dataSet: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const walker = new ElementWalker(encoding, sink)
  for await (const chunk of dataSet) {
    walker.push(chunk)
    if (walker.broken !== undefined) throw unreadable(walker.broken)
    if (encoding.deflated === true && walker.headers > maxDeflatedElements)
      throw unreadable('too many elements')
    yield* together(sink.take())
  }
  if (!walker.atBoundary) throw unreadable('the data set is cut off')
  sink.finish()
  yield* together(sink.take())
}

/**
 * What one chunk gave, in one piece: a sink passes on each element by itself, and whoever comes next (to deflate, to encrypt,
 * to write) would pay for a million elements of eight bytes as for a million pieces.
 */
function together(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  return pieces.length > 1 ? [Buffer.concat(pieces)] : pieces
}

/** Deflating again gives other bytes for the same data set: so it is looked at first, and left alone if it can be. */
async function* applyDeflated(
  overlay: EgressOverlay,
  encoding: Encoding,
  dataSet: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = dataSet[Symbol.asyncIterator]()
  try {
    const { start, changes } = await lookAhead(overlay, encoding, source)
    const whole = resumed(start, source)
    if (changes) yield* deflate(splice(new OverlaySplice(overlay, encoding), encoding, inflate(whole)))
    else yield* whole
  } finally {
    await source.return?.()
  }
}

/** Takes as much of the source as it needs to know whether the overlay changes anything. */
async function lookAhead(
  overlay: EgressOverlay,
  encoding: Encoding,
  source: AsyncIterator<Uint8Array, unknown>,
): Promise<{ start: Uint8Array[]; changes: boolean }> {
  const start: Uint8Array[] = []
  let bytes = 0
  for (let target = firstProbeBytes; target <= maxHeldBytes; target *= 2) {
    let ended = false
    while (bytes < target && !ended) {
      const next = await source.next()
      if (next.done === true) ended = true
      else bytes += start[start.push(new Uint8Array(next.value)) - 1]?.length ?? 0
    }
    const changes = await probe(overlay, encoding, start, ended)
    if (changes !== undefined) return { start, changes }
  }
  throw unreadable('the head is too long')
}

/** Whether the overlay changes the data set that starts so; undefined when more of it is needed. */
async function probe(
  overlay: EgressOverlay,
  encoding: Encoding,
  start: readonly Uint8Array[],
  complete: boolean,
): Promise<boolean | undefined> {
  const sink = new OverlaySplice(overlay, encoding)
  const walker = new ElementWalker(encoding, sink)
  for await (const bytes of inflate(start, { maxBytes: maxHeldBytes, allowTruncated: true })) {
    walker.push(bytes)
    sink.take()
    if (walker.broken !== undefined) throw unreadable(walker.broken)
    if (walker.headers > maxDeflatedElements) throw unreadable('too many elements')
    if (sink.decided || sink.changed) break
  }
  if (complete) sink.finish()
  return sink.decided || sink.changed ? sink.changed : undefined
}

async function* resumed(
  start: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array, unknown>,
): AsyncGenerator<Uint8Array> {
  yield* start
  yield* { [Symbol.asyncIterator]: () => rest }
}

/** PS3.5 A.5: a deflated data set of odd length ends with a zero byte. */
async function* deflate(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const deflated = createDeflateRaw()
  pipeline(Readable.from(source), deflated, () => {})
  let length = 0
  for await (const bytes of deflated as AsyncIterable<Buffer>) {
    length += bytes.length
    yield bytes
  }
  if (length % 2 === 1) yield Buffer.alloc(1)
}
