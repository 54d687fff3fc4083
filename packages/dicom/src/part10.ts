import { encodeElement, encodeUint32 } from './element-encoding.ts'
import { explicitLittleEndian, readHeader } from './element-header.ts'
import { unreadable } from './unreadable.ts'
import { isUid } from './uid.ts'

export interface Part10Meta {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
}

const meta = {
  groupLength: 0x0002_0000,
  version: 0x0002_0001,
  sopClassUid: 0x0002_0002,
  sopInstanceUid: 0x0002_0003,
  transferSyntaxUid: 0x0002_0010,
  implementationClassUid: 0x0002_0012,
  implementationVersionName: 0x0002_0013,
  sourceAe: 0x0002_0016,
} as const

/** Names this software as the writer of a file (PS3.10 §7.1); fixed for ever, derived from a UUID. */
const implementationClassUid = '2.25.223409019574649900526100539036044037688'
const implementationVersionName = 'TWIIN_0_1'
const preambleBytes = 128

/**
 * The first bytes of a DICOM file (PS3.10 §7.1): an empty preamble, so that the file cannot also be a program,
 * `DICM`, and group 2 with our own implementation class UID. The data set follows it unchanged.
 */
export function part10Header(of: Part10Meta & { sourceAe?: string }): Buffer {
  const element = (tag: number, vr: string, value: Uint8Array | string) =>
    encodeElement(tag, vr, value, explicitLittleEndian)
  const group = Buffer.concat([
    element(meta.version, 'OB', Buffer.from([0, 1])),
    element(meta.sopClassUid, 'UI', of.sopClassUid),
    element(meta.sopInstanceUid, 'UI', of.sopInstanceUid),
    element(meta.transferSyntaxUid, 'UI', of.transferSyntaxUid),
    element(meta.implementationClassUid, 'UI', implementationClassUid),
    element(meta.implementationVersionName, 'SH', implementationVersionName),
    ...(of.sourceAe === undefined ? [] : [element(meta.sourceAe, 'AE', of.sourceAe)]),
  ])
  const groupLength = encodeUint32(meta.groupLength, group.length, explicitLittleEndian)
  return Buffer.concat([Buffer.alloc(preambleBytes), Buffer.from('DICM'), groupLength, group])
}

/**
 * Reads what `part10Header` writes, from any writer. Throws `DICOM_UNREADABLE` with the reason.
 * `dataSetOffset` is where group 2 really ends, whatever its length element claims.
 */
export function readPart10Meta(head: Uint8Array): Part10Meta & { dataSetOffset: number } {
  const start = preambleBytes + 4
  if (latin1(head.subarray(preambleBytes, start)) !== 'DICM') throw unreadable('no DICM after the preamble')
  const uids = new Map<number, string>()
  let at = start
  for (;;) {
    // A data set may start with anything, a big endian group 8 too: only group 2 says that the header goes on.
    if (head[at] !== 2 || head[at + 1] !== 0) break
    const header = readHeader(head, at, explicitLittleEndian)
    const end = header === undefined ? Infinity : at + header.headerBytes + header.length
    if (header === undefined || end > head.length) throw unreadable('the file meta information is cut off')
    if (header.vr === 'UI') uids.set(header.tag, uidText(head.subarray(at + header.headerBytes, end)))
    at = end
  }
  return {
    sopClassUid: required(uids.get(meta.sopClassUid), 'SOP class'),
    sopInstanceUid: required(uids.get(meta.sopInstanceUid), 'SOP instance'),
    transferSyntaxUid: required(uids.get(meta.transferSyntaxUid), 'transfer syntax'),
    dataSetOffset: at,
  }
}

function required(uid: string | undefined, what: string): string {
  if (uid === undefined || !isUid(uid)) throw unreadable(`no valid ${what} UID in the file meta information`)
  return uid
}

/** A UI value without its padding. */
export function uidText(value: Uint8Array): string {
  return latin1(value).replace(/[\0 ]+$/, '')
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
