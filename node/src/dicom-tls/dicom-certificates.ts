import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ClientTls, ServerTls } from '@twiin/dimse'
import { Loop, TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { DicomTlsSettings } from '../config/dicom-tls-settings.ts'
import type { Settings } from '../config/settings.ts'

/** How a place with `tls: true` is called; nothing for a plain one. Throws `CONFIG_INVALID` without `dicom.tls.caFile`. */
export type ClientTlsFor = (place: { tls?: boolean | undefined }) => { tls?: () => ClientTls }

/** How often the files are looked at. A renewed certificate has days of overlap. */
const lookMs = 60_000

interface Deps {
  clock: Clock
  log: Logger
}

/** The certificate this hospital's systems meet on the DICOM port, and whose certificates they may show. */
export class DicomCertificates implements Service {
  readonly name = 'dicom certificates'
  readonly #options: DicomTlsSettings
  readonly #log: Logger
  readonly #loop: Loop
  readonly #renewed: ((tls: ServerTls) => void)[] = []
  #tls: ServerTls

  /** Throws `CONFIG_INVALID` for files that cannot be read or do not belong together. */
  constructor(options: DicomTlsSettings, { clock, log }: Deps) {
    this.#options = options
    this.#log = log
    this.#tls = readTls(options)
    this.#loop = new Loop(
      { name: this.name },
      {
        turn: async () => this.refresh(),
        pause: (signal) => clock.sleep(lookMs, signal),
        onError: (error) => log.warn('DICOM certificate not renewed', { code: codeOf(error) }),
      },
    )
  }

  server(): ServerTls {
    return this.#tls
  }

  client(): ClientTls {
    const { ca, key, cert } = this.#tls
    // Without, the public authorities would vouch for the PACS.
    if (ca === undefined) throw new TwiinError('CONFIG_INVALID', { key: 'dicom.tls', needs: 'caFile' })
    return { ca, key, cert }
  }

  onRenewed(listener: (tls: ServerTls) => void): void {
    this.#renewed.push(listener)
  }

  /**
   * Takes over files that changed, for associations from now on. Halfway through a renewal, key and certificate do not
   * belong together: then the old ones stay, and it is looked again later.
   */
  refresh(): void {
    let found: ServerTls
    try {
      found = readTls(this.#options)
    } catch (error) {
      this.#log.warn('DICOM certificate files not usable: the old ones stay', { code: codeOf(error) })
      return
    }
    const { key, cert, ca } = this.#tls
    if (found.key === key && found.cert === cert && found.ca === ca) return
    for (const listener of this.#renewed) listener(found)
    this.#tls = found
    this.#log.info('DICOM certificate renewed', { notAfter: new X509Certificate(found.cert).validTo })
  }

  start(): Promise<void> {
    return this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }
}

export function openDicomCertificates({ dicom }: Settings, deps: Deps): DicomCertificates | undefined {
  return dicom.tls && new DicomCertificates(dicom.tls, deps)
}

export function clientTlsFrom(certificates: DicomCertificates | undefined): ClientTlsFor {
  return ({ tls }) => {
    if (tls !== true) return {}
    if (certificates === undefined) throw new TwiinError('CONFIG_INVALID', { key: 'dicom.tls' })
    certificates.client()
    return { tls: () => certificates.client() }
  }
}

function readTls({ certificateFile, keyFile, caFile, clientCertificate }: DicomTlsSettings): ServerTls {
  try {
    const [cert, key] = [readFileSync(certificateFile, 'utf8'), readFileSync(keyFile, 'utf8')]
    const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
    if (ca.ca !== undefined) new X509Certificate(ca.ca)
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new TwiinError('KEY_MISMATCH')
    return { cert, key, ...ca, clientCertificate }
  } catch (cause) {
    throw new TwiinError('CONFIG_INVALID', { key: 'dicom.tls', reason: codeOf(cause) }, { cause })
  }
}
