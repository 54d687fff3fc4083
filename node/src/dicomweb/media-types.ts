import { describeTransferSyntax, transferSyntax } from '@twiin/dicom'

/** What the bytes of one frame are in each transfer syntax (PS3.18 table 8.7.3-2 to -5). */
const frameTypes: readonly [RegExp, string][] = [
  [/^4\.(50|51|57|70)$/, 'image/jpeg'],
  [/^4\.(80|81)$/, 'image/jls'],
  [/^4\.(90|91)$/, 'image/jp2'],
  [/^4\.(92|93)$/, 'image/jpx'],
  [/^4\.(201|202|203)$/, 'image/jphc'],
  [/^4\.(110|111|112)$/, 'image/jxl'],
  [/^4\.(100|101)(\.1)?$/, 'video/mpeg'],
  [/^4\.(102|103|104|105|106)(\.1)?$/, 'video/mp4'],
  [/^4\.(107|108)$/, 'video/H265'],
  [/^5$/, 'image/dicom-rle'],
]
const root = '1.2.840.10008.1.2.'

/** Media type of a frame as it is stored; native pixels are `application/octet-stream`. */
export function frameType(transferSyntaxUid: string): string {
  const rest = transferSyntaxUid.startsWith(root) ? transferSyntaxUid.slice(root.length) : ''
  return frameTypes.find(([pattern]) => pattern.test(rest))?.[1] ?? octets
}

export const octets = 'application/octet-stream'

/** Native pixels leave as explicit VR little endian, whatever the data set around them was (PS3.18 §8.7.3.3). */
export function frameSyntax(transferSyntaxUid: string): string {
  return describeTransferSyntax(transferSyntaxUid)?.encapsulated === true
    ? transferSyntaxUid
    : transferSyntax.explicitLittleEndian
}
