import { transferSyntax } from '@twiin/dicom'
import type { WantedContext } from '@twiin/dimse'

/**
 * What a C-GET takes, within 127 presentation contexts (PS3.8 §7.1.1.13): the storage classes that hospitals have, each
 * in the syntaxes it is stored in. An archive sends what it has in one of them, or converts without loss.
 */
const images = [
  ...['1', '1.1', '1.1.1', '1.2', '1.2.1', '1.3', '1.3.1', '2', '2.1', '3.1', '4', '4.1', '6.1', '6.2', '7'],
  ...['12.1', '12.1.1', '12.2', '12.2.1', '13.1.3', '20', '128', '130', '77.1.1', '77.1.4', '77.1.6'],
]
const others = [
  ...['7.1', '7.2', '7.4', '11.1', '11.2', '66', '66.4', '66.1', '88.11', '88.22', '88.33', '88.50', '88.59'],
  ...['88.65', '88.67', '104.1', '104.2', '481.1', '481.2', '481.3', '481.5', '9.1.1', '9.1.2'],
]
const { explicitLittleEndian, implicitLittleEndian, jpegLosslessFirstOrder, jpeg2000Lossless } =
  transferSyntax
const storage = (suffix: string) => `1.2.840.10008.5.1.4.1.1.${suffix}`

export const retrievedContexts: readonly WantedContext[] = [
  ...images.map((suffix) => ({
    abstractSyntax: storage(suffix),
    transferSyntaxes: [explicitLittleEndian, jpegLosslessFirstOrder, jpeg2000Lossless],
    role: 'scp' as const,
  })),
  ...others.map((suffix) => ({
    abstractSyntax: storage(suffix),
    transferSyntaxes: [explicitLittleEndian, implicitLittleEndian],
    role: 'scp' as const,
  })),
]
