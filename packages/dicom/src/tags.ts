/** The attributes this package reads or writes, as (group << 16 | element). */
export const tags = {
  specificCharacterSet: 0x0008_0005,
  sopClassUid: 0x0008_0016,
  sopInstanceUid: 0x0008_0018,
  studyDate: 0x0008_0020,
  studyTime: 0x0008_0030,
  accessionNumber: 0x0008_0050,
  issuerOfAccessionNumberSequence: 0x0008_0051,
  modality: 0x0008_0060,
  institutionName: 0x0008_0080,
  studyDescription: 0x0008_1030,
  seriesDescription: 0x0008_103e,
  patientName: 0x0010_0010,
  patientId: 0x0010_0020,
  issuerOfPatientId: 0x0010_0021,
  issuerOfPatientIdQualifiersSequence: 0x0010_0024,
  patientBirthDate: 0x0010_0030,
  patientSex: 0x0010_0040,
  otherPatientIds: 0x0010_1000,
  otherPatientIdsSequence: 0x0010_1002,
  bodyPartExamined: 0x0018_0015,
  studyInstanceUid: 0x0020_000d,
  seriesInstanceUid: 0x0020_000e,
  seriesNumber: 0x0020_0011,
  instanceNumber: 0x0020_0013,
  numberOfFrames: 0x0028_0008,
  localNamespaceEntityId: 0x0040_0031,
  universalEntityId: 0x0040_0032,
  universalEntityIdType: 0x0040_0033,
  modifiedAttributesSequence: 0x0400_0550,
  originalAttributesSequence: 0x0400_0561,
  attributeModificationDateTime: 0x0400_0562,
  modifyingSystem: 0x0400_0563,
  sourceOfPreviousValues: 0x0400_0564,
  reasonForTheAttributeModification: 0x0400_0565,
  pixelData: 0x7fe0_0010,
  item: 0xfffe_e000,
  itemDelimitation: 0xfffe_e00d,
  sequenceDelimitation: 0xfffe_e0dd,
} as const

/** `(0010,0020)`, for reasons and tests. */
export function describeTag(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0')
  return `(${hex.slice(0, 4)},${hex.slice(4)})`
}
