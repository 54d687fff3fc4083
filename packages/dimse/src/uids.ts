/** What we say we are in every association (PS3.7 D.3.3.2). The UID is ours for ever; the version name moves on. */
export const implementation = {
  classUid: '2.25.45312094299479801647436698937732909037',
  versionName: 'TWIIN_0.1',
} as const

export const verificationClass = '1.2.840.10008.1.1'
/** PS3.4 annex C: the six information models of query and retrieve. */
export const queryRetrieve = {
  find: { patientRoot: '1.2.840.10008.5.1.4.1.2.1.1', studyRoot: '1.2.840.10008.5.1.4.1.2.2.1' },
  move: { patientRoot: '1.2.840.10008.5.1.4.1.2.1.2', studyRoot: '1.2.840.10008.5.1.4.1.2.2.2' },
  get: { patientRoot: '1.2.840.10008.5.1.4.1.2.1.3', studyRoot: '1.2.840.10008.5.1.4.1.2.2.3' },
} as const

/** PS3.4 annex J. */
export const storageCommitmentPush = '1.2.840.10008.1.20.1'
export const wellKnownCommitmentInstance = '1.2.840.10008.1.20.1.1'

export const applicationContext = '1.2.840.10008.3.1.1.1'

export const transferSyntax = {
  implicitVrLittleEndian: '1.2.840.10008.1.2',
  explicitVrLittleEndian: '1.2.840.10008.1.2.1',
  deflatedExplicitVrLittleEndian: '1.2.840.10008.1.2.1.99',
  explicitVrBigEndian: '1.2.840.10008.1.2.2',
} as const

/** Looser than PS3.5 §9.1 on leading zeros and empty parts, which occur in practice; strict on what could do harm. */
export function isUid(text: string): boolean {
  return /^[0-9.]{1,64}$/.test(text)
}

/** The storage classes of the standard, and every private class: what those hold we keep unseen. */
export function isStorageClass(uid: string): boolean {
  return isUid(uid) && (uid.startsWith('1.2.840.10008.5.1.4.1.1.') || !uid.startsWith('1.2.840.10008.'))
}

/** PS3.5 table 6.2-1: at most 16 characters of the default repertoire, no backslash, no control characters, not empty. */
export function isAeTitle(text: string): boolean {
  return /^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(text)
}
