/** Patient ID and issuer of a data set in explicit VR little endian, with a space between. */
export function patientIdIn(dataSet: Buffer): string {
  return `${textAt(dataSet, [0x10, 0, 0x20, 0])} ${textAt(dataSet, [0x10, 0, 0x21, 0])}`.trim()
}

/** Of the first such element with VR LO; short form, PS3.5 table 7.1-2. */
function textAt(dataSet: Buffer, tag: readonly number[]): string {
  const at = dataSet.indexOf(Buffer.from([...tag, 0x4c, 0x4f]))
  if (at === -1) return ''
  return dataSet.toString('latin1', at + 8, at + 8 + dataSet.readUInt16LE(at + 6)).trim()
}
