import { X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Service } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'

/** `runtime.json`: what scripts and commands on this machine need to know of the node that runs. */
export interface Runtime {
  /** Where this machine reaches it. */
  readonly url: string
  readonly pid: number
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly dicom: { readonly host: string; readonly port: number }
  readonly caFile: string
  /** SHA-256 of the certificate that it shows, as X509Certificate writes it. */
  readonly certificate: string
  /** Where recipients of shares reach it, where there are any. */
  readonly shareUrl?: string
}

export const runtimeFileOf = (dataDir: string): string => join(dataDir, 'runtime.json')

/** Where the node listens and which process it is; there while it runs. */
export function runtimeFile(
  {
    dataDir,
    web,
    dicom,
  }: { dataDir: string; web: { host: string; port: number }; dicom: { host: string; port: number } },
  deps: {
    host: { readonly peerId: string; multiaddrs(): readonly string[] }
    tls: { readonly certificate: string; readonly caFile: string }
    shareUrl?: string | undefined
  },
): Service {
  const file = runtimeFileOf(dataDir)
  const { host, tls, shareUrl } = deps
  return {
    name: 'runtime file',
    start: () => {
      const runtime: Runtime = {
        url: urlOnThisMachine(web),
        pid: process.pid,
        peerId: host.peerId,
        multiaddrs: host.multiaddrs(),
        dicom: { host: dicom.host, port: dicom.port },
        caFile: tls.caFile,
        certificate: new X509Certificate(tls.certificate).fingerprint256,
        ...(shareUrl === undefined ? {} : { shareUrl }),
      }
      return writeFileDurably(file, Buffer.from(JSON.stringify(runtime)), { mode: 0o600 })
    },
    stop: () => rm(file, { force: true }),
  }
}

/** "Every address" is one to listen on, and none to call. */
function urlOnThisMachine({ host, port }: { host: string; port: number }): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `https://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`
}
