/** A DICOM file (PS3.10 §7.1) taken apart by this small reader of our own, so that no product code judges itself. */
export interface Part10 {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
  dataSetOffset: number
  /** What follows group 2. */
  dataSet: Buffer
}

/** Undefined when the file has no usable meta header. */
export function splitPart10(file: Buffer): Part10 | undefined {
  if (file.length < 144 || file.toString('latin1', 128, 132) !== 'DICM') return undefined
  const values = new Map<number, string>()
  let at = 132
  while (at + 8 <= file.length && file.readUInt16LE(at) === 2) {
    const long = ['OB', 'UN'].includes(file.toString('latin1', at + 4, at + 6))
    if (long && at + 12 > file.length) return undefined
    const start = at + (long ? 12 : 8)
    const length = long ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6)
    const text = file.toString('latin1', start, start + length)
    values.set(file.readUInt16LE(at + 2), text.replace(/[ \0]+$/, ''))
    at = start + length
  }
  const [sopClassUid = '', sopInstanceUid = '', transferSyntaxUid = ''] = [2, 3, 0x10].map((element) =>
    values.get(element),
  )
  if ([sopClassUid, sopInstanceUid, transferSyntaxUid].some((uid) => !/^[0-9.]{1,64}$/.test(uid)))
    return undefined
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSetOffset: at, dataSet: file.subarray(at) }
}
