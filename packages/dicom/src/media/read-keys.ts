import type { Attributes } from '../attributes.ts'
import { decodeAttributes } from '../decode-attributes.ts'
import { collectElements, headBytesLimit } from '../read-instance-head.ts'
import { describeTransferSyntax, transferSyntax } from '../transfer-syntax.ts'

/**
 * Some attributes from the first bytes of a data set, by tag as in `Attributes`. Throws `DICOM_HEAD_TOO_SHORT` when more
 * bytes may help, and `DICOM_UNREADABLE` when they cannot.
 */
export async function readKeys(
  input: { transferSyntaxUid: string; head: Uint8Array; complete: boolean },
  keys: Iterable<string>,
): Promise<Attributes> {
  const wanted = new Set([...keys, '00080005'].map((key) => Number.parseInt(key, 16)))
  const { bytes } = await collectElements(input, wanted)
  const deflated = describeTransferSyntax(input.transferSyntaxUid)?.deflated === true
  const plain = deflated ? transferSyntax.explicitLittleEndian : input.transferSyntaxUid
  return decodeAttributes(bytes, plain, {
    maxBytes: headBytesLimit,
    maxElements: 10_000,
    keepBytes: 0,
    untilPixelData: false,
  })
}
