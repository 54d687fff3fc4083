import { createHash } from 'node:crypto'
import { indexAnswer, indexRequest } from '@twiin/protocol'
import type { IndexAnswer, IndexRequest, Signer } from '@twiin/protocol'
import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { networkWithSelf } from '../network-with-self.ts'
import type { EntryDomain, IndexMember, IndexNetwork, IndexView, Membership } from '../ports.ts'
import type { VerifyEntrySignature } from '../ports.ts'
import { IndexReplica } from '../replica.ts'
import { MemoryEntryRepository } from './memory-storage.ts'

/** Keys whose signature is a keyed hash: fast, and worth nothing outside a test. */
export const fakeKeys = {
  peerId: (name: string): string => {
    const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    const digest = createHash('sha512').update(name).digest()
    return `12D3KooW${Array.from({ length: 44 }, (_, i) => alphabet[(digest[i] ?? 0) % 58]).join('')}`
  },
  signer: (peerId: string): Signer<EntryDomain> => ({
    peerId,
    sign: (domain, message) => signature(peerId, domain, message),
  }),
  verify: ((peerId, domain, message, given) =>
    Buffer.compare(signature(peerId, domain, message), given) === 0) satisfies VerifyEntrySignature,
}

function signature(peerId: string, domain: string, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(`${peerId} ${domain} `).update(message).digest())
}

/** A network bundle that tests change. */
export class SimulatedMembership implements Membership {
  readonly #revoked = new Set<string>()
  #view: IndexView

  constructor(view: IndexView) {
    this.#view = view
  }
  current(): IndexView {
    return this.#view
  }
  isRevoked(peerId: string): boolean {
    return this.#revoked.has(peerId)
  }
  change(part: Partial<IndexView>): void {
    this.#view = { ...this.#view, ...part }
  }
  revoke(peerId: string): void {
    this.#revoked.add(peerId)
    this.change({})
  }
}

export interface SimulatedNode {
  readonly member: IndexMember
  readonly repository: MemoryEntryRepository
  readonly replica: IndexReplica
  /** The network as this node sees it, its own replica included. */
  readonly network: IndexNetwork
}

/** Replicas that answer each other in memory, through the real message codecs. */
export class SimulatedIndexNetwork {
  readonly clock = new ManualClock()
  readonly membership: SimulatedMembership
  readonly nodes: SimulatedNode[] = []
  /** Refuse at once, like a host that is off. */
  readonly down = new Set<string>()
  /** Never answer, like a host behind a broken line. */
  readonly blackHoled = new Set<string>()

  constructor(options: { nodes: number; bits?: number; replicas?: number; declaredPatients?: number }) {
    const { bits = 4, replicas = 7, declaredPatients = 1000 } = options
    const members = Array.from({ length: options.nodes }, (_, i) => ({
      peerId: fakeKeys.peerId(`node ${i}`),
      ura: String(10_000_000 + i),
      declaredPatients,
    }))
    this.membership = new SimulatedMembership({ epoch: 1, bits, replicas, members })
    for (const member of members) this.nodes.push(this.#node(member))
  }

  node(index: number): SimulatedNode {
    const node = this.nodes[index]
    if (node === undefined) throw new TwiinError('NO_SUCH_NODE', { index })
    return node
  }

  /** One more member, empty. */
  join(name: string): SimulatedNode {
    const member = { peerId: fakeKeys.peerId(name), ura: '20000000', declaredPatients: 1000 }
    const node = this.#node(member)
    this.nodes.push(node)
    this.membership.change({ members: [...this.membership.current().members, member] })
    return node
  }

  /** One member fewer; its replica still answers whoever asks. */
  leave(peerId: string): void {
    const members = this.membership.current().members.filter((member) => member.peerId !== peerId)
    this.membership.change({ members })
  }

  #node(member: IndexMember): SimulatedNode {
    const repository = new MemoryEntryRepository()
    const replica = new IndexReplica(
      { peerId: member.peerId },
      {
        repository,
        membership: this.membership,
        verify: fakeKeys.verify,
        clock: this.clock,
        log: silentLogger,
      },
    )
    const away: IndexNetwork = {
      ask: (peerId, request, signal) => this.#carry(member.peerId, peerId, request, signal),
    }
    return { member, repository, replica, network: networkWithSelf(away, member.peerId, replica) }
  }

  async #carry(from: string, to: string, request: IndexRequest, signal?: AbortSignal): Promise<IndexAnswer> {
    if (this.blackHoled.has(to) || this.blackHoled.has(from))
      return new Promise((_, reject) => {
        const fail = () => reject(new TwiinError('PEER_TIMEOUT'))
        signal?.addEventListener('abort', fail, { once: true })
      })
    const target = this.nodes.find(({ member }) => member.peerId === to)
    if (target === undefined || this.down.has(to) || this.down.has(from))
      throw new TwiinError('PEER_UNREACHABLE')
    const answer = await target.replica.answer(from, indexRequest.decode(indexRequest.encode(request)))
    return indexAnswer.decode(indexAnswer.encode(answer))
  }
}
