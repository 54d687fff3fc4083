/** The transfer syntaxes we name in code; any other encapsulated one is described just as well. */
export const transferSyntax = {
  implicitLittleEndian: '1.2.840.10008.1.2',
  explicitLittleEndian: '1.2.840.10008.1.2.1',
  deflatedExplicitLittleEndian: '1.2.840.10008.1.2.1.99',
  explicitBigEndian: '1.2.840.10008.1.2.2',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessFirstOrder: '1.2.840.10008.1.2.4.70',
  jpegLsLossless: '1.2.840.10008.1.2.4.80',
  jpegLsNearLossless: '1.2.840.10008.1.2.4.81',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
  mpeg2MainProfile: '1.2.840.10008.1.2.4.100',
  mpeg4HighProfile: '1.2.840.10008.1.2.4.102',
  rleLossless: '1.2.840.10008.1.2.5',
} as const

export interface TransferSyntaxDescription {
  explicit: boolean
  littleEndian: boolean
  deflated: boolean
  /** Pixel data stands in fragments (compressed). */
  encapsulated: boolean
}

const plain: Readonly<Record<string, TransferSyntaxDescription>> = {
  [transferSyntax.implicitLittleEndian]: describe({ explicit: false }),
  [transferSyntax.explicitLittleEndian]: describe({}),
  [transferSyntax.deflatedExplicitLittleEndian]: describe({ deflated: true }),
  [transferSyntax.explicitBigEndian]: describe({ littleEndian: false }),
}

/**
 * How a data set in this transfer syntax is laid out; undefined for one we cannot walk.
 * PS3.5 §10 and annex A.4: every encapsulated syntax is explicit little endian around its fragments.
 */
export function describeTransferSyntax(uid: string): TransferSyntaxDescription | undefined {
  const known = Object.hasOwn(plain, uid) ? plain[uid] : undefined
  if (known !== undefined) return known
  return /^1\.2\.840\.10008\.1\.2\.(?:4\.\d{2,3}|5)$/.test(uid) ? describe({ encapsulated: true }) : undefined
}

function describe(differences: Partial<TransferSyntaxDescription>): TransferSyntaxDescription {
  return { explicit: true, littleEndian: true, deflated: false, encapsulated: false, ...differences }
}
