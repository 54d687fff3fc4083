import type { IndexView, Membership } from '@twiin/study-index'
import type { Bundle } from '@twiin/protocol'
import type { CutPeers } from './cut-peers.ts'
import type { NetworkBundle } from './network-bundle.ts'

type Source = Pick<NetworkBundle, 'current' | 'cutPeers'>

/**
 * The network bundle as the study index reads it: a new view only when something in it changed. Most bundles change
 * addresses or dates, and a new view makes the index place all its entries again.
 */
export class IndexMembership implements Membership {
  readonly #bundle: Source
  #last: { bundle: Bundle; cut: CutPeers; facts: string; view: IndexView } | undefined

  constructor(deps: { bundle: Source }) {
    this.#bundle = deps.bundle
  }

  current(): IndexView {
    const { current: bundle, cutPeers: cut } = this.#bundle
    if (this.#last?.bundle !== bundle || this.#last.cut !== cut) {
      const view = viewOf(bundle)
      const facts = JSON.stringify([view, bundle.members.map(({ peerId }) => this.isRevoked(peerId))])
      this.#last = { bundle, cut, facts, view: this.#last?.facts === facts ? this.#last.view : view }
    }
    return this.#last.view
  }

  /** Suspended ones too: what they published is hidden until they are back. */
  isRevoked(peerId: string): boolean {
    return this.#bundle.cutPeers.of(peerId) !== undefined
  }
}

function viewOf({ index: { epoch, bits, replicas }, members }: Bundle): IndexView {
  return {
    epoch,
    bits,
    replicas,
    members: members.map(({ peerId, ura, declaredPatients }) => ({ peerId, ura, declaredPatients })),
  }
}
