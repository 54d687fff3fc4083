import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateRequest, keyFingerprint } from '@twiin/identity'
import { openMasterKey } from '../composition/master-key.ts'
import { openNodeKey } from './node-key-file.ts'

/**
 * A certificate request (PKCS #10, DER) that proves the node's own key, which is made when there is none yet. Nothing in it
 * is secret: it holds no enrolment token. `fingerprint` is what is read out to the registry. Throws `KEY_MISSING`,
 * `SEAL_BROKEN`.
 */
export async function requestWithOwnKey({
  hospital,
  dataDir,
}: {
  hospital: { name: string; ura: string }
  dataDir: string
}): Promise<{ csr: Uint8Array; fingerprint: string }> {
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
  const key = await openNodeKey(join(dataDir, 'keys', 'node.key'), await openMasterKey(dataDir))
  const csr = await createCertificateRequest(key, { organisation: hospital.name, ura: hospital.ura })
  return { csr, fingerprint: keyFingerprint(key.publicKey) }
}
