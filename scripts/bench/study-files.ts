import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'

/** A test BSN that passes the eleven test. */
export const patientBsn = '999990068'
/** Pictures that are drawn; the other instances repeat them. Nothing on the way compresses or compares them. */
const drawn = 10
/** Digits at the end of each UID that tell rounds and instances apart. */
const suffixDigits = 7
/** All UIDs stand before the pixel data. */
const headBytes = 16 * 1024

/** A synthetic CT study of 512 × 512 slices (0.53 MB each), as many times as wanted, each time under other UIDs. */
export class StudyFiles {
  readonly #pictures: readonly SampleInstance[] = sampleStudy({
    kind: 'CT',
    seed: 'bench',
    size: 512,
    instances: drawn,
    studyDate: '2025-05-05',
    description: 'CT bench',
    institution: 'Ziekenhuis Proef (fictief)',
    patient: { id: 'P-BENCH', name: 'Proef^Petra', birthDate: '1970-07-07', sex: 'F', bsn: patientBsn },
  })
  #studies = 0

  /** Another study of so many instances. */
  next(instances: number): SampleInstance[] {
    const study = ++this.#studies
    return Array.from({ length: instances }, (_, i) => {
      const picture = this.#pictures[i % drawn]
      if (picture === undefined) throw new Error('no picture')
      return renamed(picture, study * 1000, i)
    })
  }

  /** The same as files in a folder, which is emptied first. */
  async write(dir: string, instances: readonly SampleInstance[]): Promise<void> {
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir, { recursive: true })
    for (const [i, { bytes }] of instances.entries())
      await writeFile(join(dir, `${String(i).padStart(5, '0')}.dcm`), bytes)
  }
}

export const dataSetBytes = (instances: readonly SampleInstance[]): number =>
  instances.reduce((sum, { bytes, dataSetOffset }) => sum + bytes.length - dataSetOffset, 0)

function renamed(picture: SampleInstance, study: number, index: number): SampleInstance {
  const bytes = Buffer.from(picture.bytes)
  const rename = (uid: string, number: number): string => {
    const name = uid.slice(0, -suffixDigits) + String(number).padStart(suffixDigits, '0')
    const head = bytes.subarray(0, headBytes)
    for (let at = head.indexOf(uid); at !== -1; at = head.indexOf(uid, at + 1)) head.write(name, at, 'latin1')
    return name
  }
  return {
    ...picture,
    bytes,
    studyInstanceUid: rename(picture.studyInstanceUid, study),
    seriesInstanceUid: rename(picture.seriesInstanceUid, study),
    sopInstanceUid: rename(picture.sopInstanceUid, study + index),
  }
}
