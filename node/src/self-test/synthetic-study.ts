import { createHash } from 'node:crypto'
import { syntheticInstance } from '@twiin/dicom'
import { parseBsn } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import type { ManifestInstance } from '@twiin/protocol'

/** The study of nobody that one peer has in one run. The same on both sides, and nothing of it is ever on a disk. */
export interface SyntheticStudy {
  readonly number: Bsn
  readonly studyInstanceUid: string
  /** In the index, 16 bytes. */
  readonly handle: Uint8Array
  readonly instance: ManifestInstance
  readonly dataSet: Uint8Array
}

/** spec 12 §2 */
export function syntheticStudy(run: Uint8Array, peerId: string): SyntheticStudy {
  const number = syntheticNumber(run, peerId)
  const studyInstanceUid = uidOf(run, 1, peerId)
  const { file, dataSetOffset, sopClassUid, sopInstanceUid, transferSyntaxUid } = syntheticInstance({
    citizenNumber: number,
    studyInstanceUid,
    seriesInstanceUid: uidOf(run, 2, peerId),
    sopInstanceUid: uidOf(run, 3, peerId),
  })
  const dataSet = file.subarray(dataSetOffset)
  const sha256 = new Uint8Array(createHash('sha256').update(dataSet).digest())
  return {
    number,
    studyInstanceUid,
    handle: derive(run, 4, peerId).subarray(0, 16),
    instance: { sopInstanceUid, sopClassUid, transferSyntaxUid, bytes: dataSet.length, sha256 },
    dataSet,
  }
}

/** Names the package in which `sender` offers its study to `recipient`, 16 bytes. spec 12 §2 */
export function packageOf(run: Uint8Array, sender: string, recipient: string): Uint8Array {
  return derive(run, 5, sender, recipient).subarray(0, 16)
}

/** `9999`, four digits and the one that passes the eleven-test: no BSN that was ever given out begins so. */
export function syntheticNumber(run: Uint8Array, peerId: string): Bsn {
  for (let digits = derive(run, 0, peerId).readUInt32BE() % 10_000; ; digits = (digits + 1) % 10_000) {
    const eight = `9999${String(digits).padStart(4, '0')}`
    const sum = [...eight].reduce((total, digit, at) => total + (9 - at) * Number(digit), 0)
    // The ninth counts −1; a remainder of ten has no digit.
    if (sum % 11 < 10) return parseBsn(`${eight}${sum % 11}`)
  }
}

function uidOf(run: Uint8Array, what: number, peerId: string): string {
  return `2.25.${BigInt(`0x${derive(run, what, peerId).toString('hex', 0, 16)}`)}`
}

function derive(run: Uint8Array, what: number, ...peers: readonly string[]): Buffer {
  const hash = createHash('sha256').update('twiin/self-test/v1').update(Uint8Array.of(what)).update(run)
  for (const peerId of peers) hash.update(peerId)
  return hash.digest()
}
