import { explicitLittleEndian, isKnownVr, readHeader, undefinedLength } from '../element-header.ts'
import type { Encoding } from '../element-header.ts'
import { uidText } from '../part10.ts'
import { transferSyntax } from '../transfer-syntax.ts'
import { isUid } from '../uid.ts'

/** A file that is, or may be, DICOM. Whether its data set makes sense is for who reads it. */
export interface RecognisedFile {
  /** `bare`: no file meta information, only found by its first elements. */
  form: 'file' | 'bare'
  dataSetOffset: number
  /** Empty when neither the file meta information nor the first elements tell. */
  transferSyntaxUid: string
  /** As the file meta information has them, when it does. */
  sopClassUid?: string
}

const magic = 'DICM'
const preambleBytes = 128
const tags = { sopClassUid: 0x0002_0002, transferSyntaxUid: 0x0002_0010 }
const implicitLittleEndian: Encoding = { explicit: false, littleEndian: true }
const explicitBigEndian: Encoding = { explicit: true, littleEndian: false }

/**
 * What the first bytes of a file tell, also of one that is not as PS3.10 §7.1 wants it: without preamble, without file
 * meta information, or with some of it missing. Undefined when it is no DICOM. Never throws.
 */
export function recogniseFile(head: Uint8Array): RecognisedFile | undefined {
  const start = metaStart(head)
  const meta = start === undefined ? undefined : readMeta(head, start)
  if (start === undefined) return bare(head)
  if (meta === undefined && start === 0) return undefined
  const { sopClassUid, dataSetOffset = head.length } = meta ?? {}
  const transferSyntaxUid = meta?.transferSyntaxUid ?? encodingOf(head.subarray(dataSetOffset)) ?? ''
  if (transferSyntaxUid === '' && start === 0) return undefined
  return {
    form: 'file',
    dataSetOffset,
    transferSyntaxUid,
    ...(sopClassUid === undefined ? {} : { sopClassUid }),
  }
}

/** Where group 2 may begin. */
function metaStart(head: Uint8Array): number | undefined {
  const text = (from: number) => Buffer.from(head.subarray(from, from + magic.length)).toString('latin1')
  if (text(preambleBytes) === magic) return preambleBytes + magic.length
  if (text(0) === magic) return magic.length
  return head[0] === 2 && head[1] === 0 && head[3] === 0 ? 0 : undefined
}

function readMeta(head: Uint8Array, start: number) {
  const first = readHeader(head, start, explicitLittleEndian)
  const isExplicit = first?.vr === undefined || isKnownVr(first.vr)
  const encoding = isExplicit ? explicitLittleEndian : implicitLittleEndian
  const uids = new Map<number, string>()
  let at = start
  while (head[at] === 2 && head[at + 1] === 0) {
    const header = readHeader(head, at, encoding)
    const end = header === undefined ? Infinity : at + header.headerBytes + header.length
    if (header === undefined || end > head.length) return undefined
    const uid = uidText(head.subarray(at + header.headerBytes, Math.min(end, at + header.headerBytes + 80)))
    if (isUid(uid)) uids.set(header.tag, uid)
    at = end
  }
  return {
    dataSetOffset: at,
    sopClassUid: uids.get(tags.sopClassUid),
    transferSyntaxUid: uids.get(tags.transferSyntaxUid),
  }
}

function bare(head: Uint8Array): RecognisedFile | undefined {
  const transferSyntaxUid = encodingOf(head)
  return transferSyntaxUid === undefined ? undefined : { form: 'bare', dataSetOffset: 0, transferSyntaxUid }
}

/** In which of the three encodings the first elements make sense. */
function encodingOf(head: Uint8Array): string | undefined {
  if (looksLike(head, explicitLittleEndian)) return transferSyntax.explicitLittleEndian
  if (looksLike(head, implicitLittleEndian)) return transferSyntax.implicitLittleEndian
  if (looksLike(head, explicitBigEndian)) return transferSyntax.explicitBigEndian
  return undefined
}

/** Enough to tell a data set from anything else. */
const telling = 4

function looksLike(head: Uint8Array, encoding: Encoding): boolean {
  let before = 0
  let at = 0
  for (let count = 0; count < telling; count++) {
    const header = readHeader(head, at, encoding)
    if (header === undefined) return false
    const { tag, vr, length, headerBytes } = header
    const group = tag >>> 16
    if (tag <= before || (count === 0 && group !== 8) || group > 0x0020) return false
    if (encoding.explicit && (vr === undefined || !isKnownVr(vr))) return false
    // A sequence: what came before it has to do.
    if (length === undefinedLength || (!encoding.explicit && length > 64 * 1024)) return count >= 2
    before = tag
    at += headerBytes + length
  }
  return true
}
