/** Transfer syntaxes that lose by definition (PS3.5 annex A.4, table A-1 of PS3.6). */
const always = [
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  /* JPEG-LS near-lossless */
  '1.2.840.10008.1.2.4.81',
  /* A JPEG recompressed as JPEG XL: what it lost stays lost */
  '1.2.840.10008.1.2.4.111',
]
const video = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/

/**
 * Whether an image lost something on its way, here or before it came here: it must be said beside it (PS3.3 C.7.6.1.1.5).
 * JPEG 2000 and HTJ2K may or may not have lost; there the data set decides.
 */
export function isLossy(of: { transferSyntaxUid: string; lossyImageCompression: string }): boolean {
  return (
    of.lossyImageCompression === '01' ||
    always.includes(of.transferSyntaxUid) ||
    isVideo(of.transferSyntaxUid)
  )
}

/** Nothing that shows frames one by one can show these. */
export const isVideo = (transferSyntaxUid: string) => video.test(transferSyntaxUid)
