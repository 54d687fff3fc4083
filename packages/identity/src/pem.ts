import { TwiinError } from '@twiin/runtime'

type Label = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL' | 'ENCRYPTED PRIVATE KEY'

/** RFC 7468 text, lines of 64 characters. */
export function pemOf(label: Label, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The bytes of the first block with this label. Throws PEM_UNREADABLE. */
export function derOf(label: Label, pem: string): Uint8Array {
  const block = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem)
  if (block?.[1] === undefined) throw new TwiinError('PEM_UNREADABLE', { label })
  return Uint8Array.from(Buffer.from(block[1], 'base64'))
}
