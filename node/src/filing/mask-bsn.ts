/** A BSN as screens show it: enough to tell two apart, not enough to copy. */
export function maskBsn(bsn: string | undefined): string | null {
  return bsn === undefined || bsn === '' ? null : `${'*'.repeat(Math.max(0, bsn.length - 4))}${bsn.slice(-4)}`
}
