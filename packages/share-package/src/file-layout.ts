import { sealedSize } from './entry-cipher.ts'
import { saltBytes } from './keys.ts'

/** The frame around the entries of a package (spec 25 §2). */
export const fileMark: Uint8Array = new TextEncoder().encode('twiin-share/1\n')
export const headBytes = fileMark.length + saltBytes
/** The length of the sealed manifest, unsigned, big endian. */
export const trailerBytes = 8
export const mostManifestBytes = 32 * 1024 * 1024
export const mostSealedManifestBytes = sealedSize(mostManifestBytes)
