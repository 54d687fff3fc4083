import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { splitPart10 } from '../part10.ts'
import type { Part10 } from '../part10.ts'

/** What comes with the Debian package python3-pydicom. */
export const sampleFolder = '/usr/lib/python3/dist-packages/pydicom/data/test_files'
export const samplesInstalled = existsSync(sampleFolder)

export interface SampleInstance extends Part10 {
  /** For the table. */
  name: string
  /** The letter by which DCMTK's tools know its transfer syntax (`-xr`, `+xr`). */
  letter: string
  /** With an identifier of its own: several of the samples are one image in many syntaxes. */
  file: Buffer
}

/** One for each kind of encoding: the name in the table, the file, and DCMTK's letter. */
const samples: readonly (readonly [string, string, string])[] = [
  ['implicit LE', 'MR_small_implicit', 'i'],
  ['explicit LE', 'CT_small', 'e'],
  ['explicit BE', 'MR_small_bigendian', 'b'],
  ['deflated', 'image_dfl', 'd'],
  ['RLE', 'MR_small_RLE', 'r'],
  ['RLE, 2 frames', 'SC_rgb_rle_2frame', 'r'],
  ['JPEG baseline', 'SC_rgb_jpeg_dcmtk', 'y'],
  ['JPEG extended', 'JPGExtended', 'x'],
  ['JPEG lossless', 'SC_rgb_jpeg_gdcm', 's'],
  ['JPEG-LS', 'MR_small_jpeg_ls_lossless', 't'],
  ['JPEG 2000 lossless', 'MR_small_jp2klossless', 'v'],
  ['JPEG 2000', 'JPEG2000', 'w'],
  ['HTJ2K', 'MR_small_jp2klossless', ''],
  ['structured report', 'test-SR', 'e'],
  ['waveform', 'waveform_ecg', 'e'],
  ['multi-frame', 'rtdose', 'i'],
]
const highThroughputJpeg2000 = '1.2.840.10008.1.2.4.201'

/**
 * The samples. HTJ2K has no free sample and no free encoder here: its instance is a JPEG 2000 one under the other name, which
 * on the wire is the same for who does not look inside.
 */
export function sampleInstances(): SampleInstance[] {
  return samples.map(([name, fileName, letter], index) => {
    const original = readFileSync(join(sampleFolder, `${fileName}.dcm`))
    const plain = withOwnUid(repaired(original), index)
    const file = name === 'HTJ2K' ? relabelled(plain, highThroughputJpeg2000) : plain
    const parts = splitPart10(file)
    if (parts === undefined) throw new Error(`no meta header: ${fileName}`)
    return { ...parts, name, letter, file }
  })
}

/** One sample has a digit of difference between its meta header and its data set. */
function repaired(file: Buffer): Buffer {
  return Buffer.from(
    file.toString('latin1').replaceAll('1.9.999.999.99.9.9999', '1.2.999.999.99.9.9999'),
    'latin1',
  )
}

/** The last two digits are ours, everywhere the identifier stands; a deflated data set keeps the one it has. */
function withOwnUid(file: Buffer, index: number): Buffer {
  const parts = splitPart10(file)
  if (parts === undefined || parts.transferSyntaxUid === '1.2.840.10008.1.2.1.99') return file
  const old = Buffer.from(parts.sopInstanceUid)
  const own = Buffer.from(parts.sopInstanceUid.slice(0, -2) + String(10 + index))
  const copy = Buffer.from(file)
  for (let at = copy.indexOf(old); at !== -1; at = copy.indexOf(old, at + 1)) own.copy(copy, at)
  return copy
}

/** Another transfer syntax in the meta header, whose length follows. */
function relabelled(file: Buffer, transferSyntaxUid: string): Buffer {
  const tag = file.indexOf(Buffer.from([2, 0, 0x10, 0, 0x55, 0x49]))
  const oldLength = file.readUInt16LE(tag + 6)
  const value = Buffer.from(
    transferSyntaxUid.padEnd(transferSyntaxUid.length + (transferSyntaxUid.length % 2), '\0'),
  )
  const header = Buffer.from(file.subarray(tag, tag + 8))
  header.writeUInt16LE(value.length, 6)
  const copy = Buffer.concat([file.subarray(0, tag), header, value, file.subarray(tag + 8 + oldLength)])
  copy.writeUInt32LE(copy.readUInt32LE(140) + value.length - oldLength, 140)
  return copy
}
