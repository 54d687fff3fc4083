import { transferSyntax } from '@twiin/dicom'
import type { WantedContext } from '@twiin/dimse'

/**
 * What a C-GET takes of an archive that does not tell the classes of a study, within 127 presentation contexts (PS3.8
 * §7.1.1.13): the storage classes that hospitals have. An archive picks one syntax for each, and converts what it has in
 * another, or fails to.
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

const anyClass: readonly WantedContext[] = [
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

/** One short of PS3.8 §7.1.1.13: the query/retrieve class takes one. */
const most = 127
/** HTJ2K, in its three forms (PS3.5 A.4.11), which nothing here looks into. */
const highThroughput = ['201', '202', '203'].map((last) => `1.2.840.10008.1.2.4.${last}`)
const everySyntax = [...Object.values(transferSyntax), ...highThroughput]

/**
 * What a C-GET of a study of these classes takes: each class in each syntax, in a context of its own, so that an archive
 * has no reason to convert anything. Without classes, or with too many: the usual ones.
 */
export function retrievedContexts(classes: readonly string[]): readonly WantedContext[] {
  const contexts = [...new Set(classes)].flatMap((abstractSyntax) =>
    everySyntax.map((syntax) => ({ abstractSyntax, transferSyntaxes: [syntax], role: 'scp' as const })),
  )
  return contexts.length === 0 || contexts.length > most ? anyClass : contexts
}
