import { join } from 'node:path'
import { DocumentVerifier } from '@twiin/identity'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { AdmittedCertificates } from './admitted-certificates.ts'
import { LogView } from './log-view.ts'
import { NetworkBundle } from './network-bundle.ts'
import { Restrictions } from './restrictions.ts'

/** What this node believes of the network, and keeps in one folder: the bundle, the log as it was seen, whom it admitted. */
export class NetworkView implements Service {
  readonly name = 'network view'
  readonly logView: LogView
  readonly bundle: NetworkBundle
  readonly known: AdmittedCertificates

  constructor(
    options: { dir: string; trustDomain: string; rootCertificate: string },
    deps: { clock: Clock; log: Logger },
  ) {
    const { dir, trustDomain, rootCertificate } = options
    const { clock, log } = deps
    this.logView = new LogView({ dir }, deps)
    this.known = new AdmittedCertificates({ file: join(dir, 'admitted-certificates') }, { log })
    const restrictions = new Restrictions({ file: join(dir, 'restrictions.json') }, { log })
    const verifier = new DocumentVerifier({ rootCertificate }, { clock })
    const { logView } = this
    this.bundle = new NetworkBundle(
      { file: join(dir, 'bundle.cbor'), trustDomain },
      { verifier, logView, restrictions, clock, log },
    )
  }

  /** Takes what is on disk. */
  async load(): Promise<void> {
    await this.logView.load()
    await this.known.load()
    await this.bundle.load()
  }

  /** What is remembered in passing is written in passing: the end waits for it. */
  async stop(): Promise<void> {
    await this.logView.settled()
    await this.known.settled()
  }
}
