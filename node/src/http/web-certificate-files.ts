import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createWebCertificate } from '@twiin/identity'
import { writeFileDurably } from '@twiin/store'
import type { Settings } from '../config/settings.ts'

const renewBeforeMs = 30 * 86_400_000

/**
 * The certificate browsers meet, from a small CA of the node's own: `ca.pem` is for the hospital to trust. Made when
 * there is none, or when the one there soon expires or lacks a name in `publicUrls`. A hospital may put its own
 * `certificate.pem` and `key.pem` here.
 */
export async function openWebCertificate(
  dir: string,
  options: { commonName: string; publicUrls: readonly string[]; now: number },
): Promise<{ certificate: string; key: string; caFile: string }> {
  const place = {
    ca: join(dir, 'ca.pem'),
    certificate: join(dir, 'certificate.pem'),
    key: join(dir, 'key.pem'),
  }
  const reached = options.publicUrls.map(hostOf)
  const read = (file: string) => readFile(file, 'utf8').catch(() => undefined)
  const [certificate, key] = await Promise.all([read(place.certificate), read(place.key)])
  if (certificate !== undefined && key !== undefined) {
    const there = new X509Certificate(certificate)
    // The hospital's own certificate is the hospital's to renew. As text the issuer has commas and the like escaped.
    const isOurs = there.toLegacyObject().issuer.CN === `${options.commonName} web CA`
    const isLongGood = Date.parse(there.validTo) > options.now + renewBeforeMs
    if (!isOurs || (isLongGood && reached.every((host) => isFor(there, host))))
      return { certificate, key, caFile: place.ca }
  }
  const made = await createWebCertificate({
    commonName: options.commonName,
    dnsNames: ['localhost', hostname(), ...reached.filter((host) => isIP(host) === 0)],
    ipAddresses: ['127.0.0.1', '::1', ...reached.filter((host) => isIP(host) !== 0)],
    at: new Date(options.now),
  })
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFileDurably(place.key, Buffer.from(made.key), { mode: 0o600 })
  await writeFileDurably(place.certificate, Buffer.from(made.certificate), { mode: 0o644 })
  await writeFileDurably(place.ca, Buffer.from(made.caCertificate), { mode: 0o644 })
  return { certificate: made.certificate, key: made.key, caFile: place.ca }
}

/** The one of this node; the same for all of its ports. */
export const webCertificate = (settings: Settings, made: { commonName: string; now: number }) =>
  openWebCertificate(join(settings.dataDir, 'web'), { ...made, publicUrls: urlsOf(settings) })

/** Where browsers come in: the staff's pages, and those for patients unless they have a certificate of their own. */
const urlsOf = ({ web, share }: Pick<Settings, 'web' | 'share'>): string[] => [
  ...(web.publicUrl === undefined ? [] : [web.publicUrl]),
  ...(share === undefined || share.certificateFile !== undefined ? [] : [share.publicUrl]),
]

const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '')

const isFor = (certificate: X509Certificate, host: string) =>
  (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined
