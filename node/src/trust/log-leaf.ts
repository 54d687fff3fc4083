import { createHash } from 'node:crypto'
import { bundleContentBytes } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'

/** What a ledger line says, as far as trust rests on it. Spec 11 §5. Read only what was shown to stand in the log. */

/** Whether this line is the `issued` line of this certificate, byte for byte. Never throws. */
export function isIssuedLineOf(leaf: Uint8Array, der: Uint8Array): boolean {
  const { act, certificate } = readLine(leaf)
  return act === 'issued' && certificate === Buffer.from(der).toString('base64')
}

/** Whether this line is the `published` line of this bundle: its version, its time, the digest of its contents. Never throws. */
export function isPublishedLineOf(leaf: Uint8Array, bundle: Bundle): boolean {
  const { act, version, at, digest } = readLine(leaf)
  return (
    act === 'published' &&
    version === bundle.version &&
    at === bundle.issuedAt &&
    digest === contentsDigest(bundle)
  )
}

/** SHA-256 of a bundle's contents, hexadecimal: without version and date, which are the line's own. */
export function contentsDigest(bundle: Bundle): string {
  return createHash('sha256').update(bundleContentBytes(bundle)).digest('hex')
}

function readLine(leaf: Uint8Array): Record<string, unknown> {
  try {
    const line: unknown = JSON.parse(Buffer.from(leaf).toString('utf8'))
    return typeof line === 'object' && line !== null ? (line as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
