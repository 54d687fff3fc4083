import { readFile } from 'node:fs/promises'
import { openKeys } from '../ceremony/keys.ts'
import type { Settings } from '../config/settings.ts'
import { BearerTokens } from '../people/bearer-tokens.ts'

/** Everything the registry was given at its ceremony. */
export async function readMaterial({ keys, authority, http, tokens }: Settings) {
  const read = (file: string) => readFile(file, 'utf8')
  return {
    ...(await openKeys(keys)),
    pem: {
      rootCertificate: await read(authority.rootCertificate),
      issuingCertificate: await read(authority.issuingCertificate),
    },
    tls: { certificate: await read(http.certificate), key: await read(http.key) },
    tokens: await BearerTokens.read(tokens),
  }
}
