import { createHash } from 'node:crypto'
import { transferRequest } from '@twiin/protocol'
import type { Signed, Signer, TransferRequest } from '@twiin/protocol'
import { ManualClock } from '@twiin/runtime'
import type { Gatekeeper, StudySource, TransferBudget, Verdict } from '../ports.ts'
import type { ReceiveDeps } from '../receive-deps.ts'
import { serveTransfer } from '../serve-transfer.ts'
import type { ServeDeps, Served } from '../serve-transfer.ts'
import { channelPair } from './memory-channel.ts'
import type { ChannelFaults } from './memory-channel.ts'
import { MemoryReceivingStudy, MemoryStudySource } from './memory-study.ts'

export const holderId = `12D3KooW${'H'.repeat(44)}`
export const receiverId = `12D3KooW${'R'.repeat(44)}`
export const study = '1.2.3'

const signature = (peerId: string, domain: string, message: Uint8Array) =>
  new Uint8Array(createHash('sha512').update(`${peerId} ${domain} `).update(message).digest())
/** Signs by hashing: worth nothing outside a test. */
export const signerOf = (peerId: string): Signer => ({
  peerId,
  sign: (domain, message) => signature(peerId, domain, message),
})
const verify = (peerId: string, domain: string, message: Uint8Array, given: Uint8Array) =>
  Buffer.compare(signature(peerId, domain, message), given) === 0

/** Data sets of mixed sizes, the same every time: also when read again for another attempt. */
export function dataSets(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, i) => {
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; at += 61) bytes[at] = (at * 31 + i * 7) % 251
    return bytes
  })
}

/** Counts what is leased, and how much at once at the most. */
class CountingBudget implements TransferBudget {
  used = 0
  highest = 0
  async acquire(bytes: number) {
    this.used += bytes
    this.highest = Math.max(this.highest, this.used)
    return { release: () => void (this.used -= bytes) }
  }
}

export interface WorldOptions {
  sizes?: readonly number[]
  source?: StudySource
  verdict?: () => Verdict
  /** For each channel, in the order of opening. */
  faults?: (channel: number) => ChannelFaults
  request?: Partial<Extract<TransferRequest, { kind: 'retrieve' }>>
}

/** A holder and a receiver, connected in memory. */
export class TransferWorld {
  readonly clock = new ManualClock()
  readonly store = new MemoryReceivingStudy()
  readonly budget = new CountingBudget()
  readonly data: Uint8Array[]
  readonly served: Served[] = []
  readonly manifests: Uint8Array[] = []
  readonly judged: TransferRequest[] = []
  readonly forgotten: TransferRequest[] = []
  readonly #options: WorldOptions
  readonly #source: StudySource
  readonly #holders: Promise<void>[] = []

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.data = dataSets(options.sizes ?? [1000])
    this.#source = options.source ?? new MemoryStudySource({ [study]: this.data })
  }

  get channels(): number {
    return this.#holders.length
  }
  /** Resolves when every channel is over at the holder, too. */
  async holdersDone(): Promise<void> {
    await Promise.all(this.#holders)
  }

  request(): Signed<TransferRequest> {
    const now = this.clock.now()
    const message: TransferRequest = {
      kind: 'retrieve',
      requestId: crypto.getRandomValues(new Uint8Array(16)),
      issuedAt: now,
      holder: holderId,
      job: new Uint8Array(16),
      authorisedAt: now,
      epoch: 1,
      loc: new Uint8Array(32),
      studyInstanceUid: study,
      user: { id: 'u', name: 'A. Radiologist', role: 'radiologist' },
      purpose: { basis: 'treatment', reason: 'prior' },
      ...this.#options.request,
    }
    return transferRequest.sign(message, signerOf(receiverId))
  }

  serveDeps(): ServeDeps {
    const gatekeeper: Gatekeeper = {
      judge: async (request) => {
        this.judged.push(request)
        return this.#options.verdict?.() ?? { permitted: true, watch: new AbortController().signal }
      },
      forget: (request) => void this.forgotten.push(request),
    }
    return {
      source: this.#source,
      gatekeeper,
      signer: signerOf(holderId),
      verify,
      budget: this.budget,
      clock: this.clock,
      onServed: async (served) => void this.served.push(served),
    }
  }

  receiveDeps(): ReceiveDeps {
    return {
      open: async () => {
        const { receiver, holder } = channelPair(this.#options.faults?.(this.#holders.length))
        this.#holders.push(serveTransfer(holder, receiverId, {}, this.serveDeps()).catch(() => {}))
        return receiver
      },
      request: () => this.request(),
      store: this.store,
      verify,
      budget: this.budget,
      clock: this.clock,
      onManifest: async (signed) => void this.manifests.push(signed),
    }
  }
}
