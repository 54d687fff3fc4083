/** PEM. The key is unencrypted PKCS #8: write it with mode 0600. */
export interface WebCertificate {
  readonly caCertificate: string
  readonly certificate: string
  readonly key: string
}

/** A small CA and a server certificate for browsers (EC P-256). Has nothing to do with peer identity. */
export async function createWebCertificate(options: {
  commonName: string
  dnsNames: readonly string[]
  ipAddresses: readonly string[]
  at: Date
}): Promise<WebCertificate> {
  throw new Error(`not written: ${options.commonName}`)
}
