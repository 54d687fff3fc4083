import { citizenNumberIssuer } from '@twiin/dicom'

/** A BSN as screens show it: enough to tell two apart, not enough to copy. */
export function maskBsn(bsn: string | undefined): string | null {
  return bsn === undefined || bsn === '' ? null : `${'*'.repeat(Math.max(0, bsn.length - 4))}${bsn.slice(-4)}`
}

/** A hospital's number of a patient as screens show it: some hospitals use the BSN for it. */
export function maskLocalId(localId: string, issuer: string): string {
  return isIssuedAsBsn(issuer) ? (maskBsn(localId) ?? '') : localId
}

/** The issuer of a patient number says that it is a BSN. */
export const isIssuedAsBsn = (issuer: string): boolean =>
  issuer === citizenNumberIssuer.name || issuer === citizenNumberIssuer.oid
