import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { NodeKey, publicKeyOf, verifySignature } from '@twiin/identity'
import { StoredEntries } from '@twiin/node'
import { indexAnswer, indexRequest } from '@twiin/protocol'
import { silentLogger, systemClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { IndexPublisher, IndexReader, IndexReplica, networkWithSelf } from '@twiin/study-index'
import type { IndexNetwork, IndexView, VerifyEntrySignature } from '@twiin/study-index'
import { MemoryPublicationState } from '@twiin/study-index/testing'

/** A few nodes' index in one process, with real keys and real databases; the first publishes, the second looks up. */
export class IndexNodes implements AsyncDisposable {
  /** Length of a bucket's prefix; at some thousand patients a bucket then holds more than fifty. */
  static readonly bits = 6
  readonly publisher: IndexPublisher
  readonly reader: IndexReader
  readonly #state: MemoryPublicationState
  readonly #stores: readonly Store[]

  private constructor(parts: {
    state: MemoryPublicationState
    publisher: IndexPublisher
    reader: IndexReader
    stores: readonly Store[]
  }) {
    this.publisher = parts.publisher
    this.reader = parts.reader
    this.#state = parts.state
    this.#stores = parts.stores
  }

  static async start(options: { dir: string; nodes: number }): Promise<IndexNodes> {
    const keys = Array.from({ length: options.nodes }, () => NodeKey.generate())
    const stores = await Promise.all(keys.map((_, i) => openStore(join(options.dir, `node-${i}`))))
    const members = keys.map(({ peerId }, i) => ({
      peerId,
      ura: String(90_000_001 + i),
      declaredPatients: 100_000,
    }))
    const view: IndexView = { epoch: 1, bits: IndexNodes.bits, replicas: 7, members }
    const membership = { current: () => view, isRevoked: () => false }
    const replicas = new Map(
      keys.map(({ peerId }, i) => {
        const store = stores[i] as Store
        const repository = new StoredEntries({
          store,
          marks: store.repository('index-marks', { keys: 'plain-opaque' }),
          bodies: store.repository('index-entries', { keys: 'plain-opaque' }),
        })
        const deps = { repository, membership, verify, clock: systemClock, log: silentLogger }
        return [peerId, new IndexReplica({ peerId }, deps)]
      }),
    )
    const networkOf = (index: number): IndexNetwork => {
      const { peerId: self } = keys[index] as NodeKey
      const away: IndexNetwork = {
        ask: async (peerId, request) => {
          const asked = indexRequest.decode(indexRequest.encode(request))
          const answer = await (replicas.get(peerId) as IndexReplica).answer(self, asked)
          return indexAnswer.decode(indexAnswer.encode(answer))
        },
      }
      return networkWithSelf(away, self, replicas.get(self) as IndexReplica)
    }
    const shared = { membership, verify, clock: systemClock, log: silentLogger }
    const state = new MemoryPublicationState()
    const publisher = new IndexPublisher(
      {},
      {
        ...shared,
        signer: keys[0] as NodeKey,
        network: networkOf(0),
        state,
        random: (bytes) => new Uint8Array(randomBytes(bytes)),
      },
    )
    await publisher.start()
    const reader = new IndexReader({}, { ...shared, network: networkOf(1) })
    return new IndexNodes({ state, publisher, reader, stores })
  }

  /** True when so many replicas have acknowledged everything of this patient. */
  isStored(patientKey: string, replicas: number): boolean {
    const entries = this.#state.publications.get(patientKey)?.entries ?? []
    return entries.length > 0 && entries.every(({ storedBy }) => storedBy.length === replicas)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.publisher.stop()
    await Promise.all(this.#stores.map((store) => store.stop()))
  }
}

async function openStore(dir: string): Promise<Store> {
  const sealer = await Sealer.open(`${dir}-key`)
  const store = new Store({ dir }, { sealer })
  await store.start()
  return store
}

const verify: VerifyEntrySignature = (peerId, domain, message, signature) =>
  verifySignature(publicKeyOf(peerId), domain, message, signature)
