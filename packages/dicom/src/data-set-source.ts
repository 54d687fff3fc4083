import { bytesInMemory, WindowedSource } from './byte-source.ts'
import type { ByteSource } from './byte-source.ts'
import type { Encoding } from './element-header.ts'
import { inflate } from './inflate.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

/** A deflated data set has no random access: it is inflated whole, up to here. */
const maxInflatedBytes = 64 * 1024 * 1024

export interface DataSetSource {
  source: ByteSource
  encoding: Encoding
}

/** A stored data set to be read at random. Throws `DICOM_UNREADABLE`. */
export async function openDataSet(
  instance: { transferSyntaxUid: string; size: number },
  deps: { read: (range: { offset: number; length: number }) => AsyncIterable<Uint8Array> },
): Promise<DataSetSource> {
  const syntax = describeTransferSyntax(instance.transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  if (syntax.deflated) {
    const pieces: Uint8Array[] = []
    const stored = deps.read({ offset: 0, length: instance.size })
    for await (const piece of inflate(stored, { maxBytes: maxInflatedBytes })) pieces.push(piece)
    return { source: bytesInMemory(Buffer.concat(pieces)), encoding: syntax }
  }
  const fetch = async (offset: number, length: number) => {
    const pieces: Uint8Array[] = []
    for await (const piece of deps.read({ offset, length })) pieces.push(piece)
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  }
  return { source: new WindowedSource({ length: instance.size }, { fetch }), encoding: syntax }
}
