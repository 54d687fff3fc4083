/** What ties the records of a DICOMDIR together (PS3.3 tables F.3-2 and F.3-3). */
export const directoryTags = {
  fileSetId: 0x0004_1130,
  firstRecord: 0x0004_1200,
  lastRecord: 0x0004_1202,
  consistency: 0x0004_1212,
  recordSequence: 0x0004_1220,
  nextRecord: 0x0004_1400,
  inUse: 0x0004_1410,
  lowerRecord: 0x0004_1420,
  recordType: 0x0004_1430,
  fileId: 0x0004_1500,
  sopClassUid: 0x0004_1510,
  sopInstanceUid: 0x0004_1511,
  transferSyntaxUid: 0x0004_1512,
} as const

/** PS3.4 annex I: Media Storage Directory Storage. */
export const mediaStorageDirectory = '1.2.840.10008.1.3.10'
