import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferRecord } from '../transfers/transfer-record.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { CredentialBook } from './credential-book.ts'

interface Delivery {
  kind: 'retrieval' | 'arrival' | 'send'
  id: string
  giver: string
  receiver: string
  manifests: string[]
  request?: string
  offer?: string
  receipt?: string
}

interface Deps {
  book: TransferBook
  fetcher: Pick<FetchStudy, 'evidenceOf'>
  bundle: NetworkBundle
  credentials: CredentialBook
  clock: Pick<Clock, 'now'>
}

const page = 200
/** Looked through for one study; newest first. */
const mostTransfers = 200_000
const mostDeliveries = 100

/** Everything signed about one study that came from or went to another hospital, in one file. Spec 22. */
export class Proofs {
  readonly #options: { self: { ura: string; name: string; peerId: string }; rootCertificate: string }
  readonly #deps: Deps

  constructor(
    options: { self: { ura: string; name: string; peerId: string }; rootCertificate: string },
    deps: Deps,
  ) {
    this.#options = options
    this.#deps = deps
  }

  /** Throws NOT_FOUND when nothing that was signed is kept of this study. */
  async of(studyInstanceUid: string) {
    const { self, rootCertificate } = this.#options
    const { bundle, clock, credentials } = this.#deps
    const deliveries: Delivery[] = []
    for await (const record of this.#about(studyInstanceUid)) {
      const delivery = await this.#delivery(record, studyInstanceUid)
      if (delivery !== undefined) deliveries.push(delivery)
      if (deliveries.length >= mostDeliveries) break
    }
    if (deliveries.length === 0) throw new TwiinError('NOT_FOUND')
    await credentials.note(self.peerId)
    const peers = [...new Set(deliveries.flatMap(({ giver, receiver }) => [giver, receiver]))]
    const shown: Record<string, string[]> = {}
    for (const peerId of peers) shown[peerId] = (await credentials.of(peerId)).map(base64)
    const { trustDomain, log, version, issuedAt } = bundle.current
    return {
      format: 'twiin-proof/1',
      madeAt: new Date(clock.now()).toISOString(),
      madeBy: self,
      studyInstanceUid,
      network: {
        trustDomain,
        rootCertificate,
        log: { origin: log.origin, publicKey: base64(log.publicKey) },
        bundle: { version, issuedAt: new Date(issuedAt).toISOString() },
      },
      deliveries,
      credentials: shown,
    }
  }

  async *#about(uid: string): AsyncGenerator<TransferRecord> {
    let after: string | undefined
    for (let looked = 0; looked < mostTransfers; looked += page) {
      const records = await this.#deps.book.list({ limit: page, ...(after === undefined ? {} : { after }) })
      for (const record of records)
        if (
          record.kind === 'retrieval'
            ? record.studyInstanceUid === uid
            : record.studyInstanceUids.includes(uid)
        )
          yield record
      const last = records.at(-1)
      if (records.length < page || last === undefined) return
      after = last.id
    }
  }

  async #delivery(record: TransferRecord, studyInstanceUid: string): Promise<Delivery | undefined> {
    const { peerId } = this.#options.self
    const { id, counterparty } = record
    if (record.kind === 'disc') return undefined
    if (record.kind === 'send') {
      if (record.receipt === undefined) return undefined
      const parties = { giver: peerId, receiver: counterparty.peerId }
      return { kind: 'send', id, ...parties, manifests: [], receipt: base64(record.receipt) }
    }
    const { manifests, request } = await this.#deps.fetcher.evidenceOf({
      ...{ transferId: id, studyInstanceUid, holder: counterparty },
    })
    if (manifests.length === 0) return undefined
    return {
      ...{ kind: record.kind, id, giver: counterparty.peerId, receiver: peerId },
      manifests: manifests.map(base64),
      ...(request === undefined ? {} : { request: base64(request) }),
      ...(record.kind === 'arrival' ? { offer: base64(record.offer) } : {}),
      ...(record.kind === 'arrival' && record.receipt !== undefined
        ? { receipt: base64(record.receipt) }
        : {}),
    }
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
