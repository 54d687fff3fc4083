import type { IndexView, Membership } from '@twiin/study-index'
import type { Bundle } from '@twiin/protocol'
import type { NetworkBundle } from './network-bundle.ts'

/**
 * The network bundle as the study index reads it: a new view only when something in it changed. Most bundles change
 * addresses or dates, and a new view makes the index place all its entries again.
 */
export class IndexMembership implements Membership {
  readonly #bundle: Pick<NetworkBundle, 'current' | 'isPeerRevoked'>
  #last: { bundle: Bundle; facts: string; view: IndexView } | undefined

  constructor(deps: { bundle: Pick<NetworkBundle, 'current' | 'isPeerRevoked'> }) {
    this.#bundle = deps.bundle
  }

  current(): IndexView {
    const bundle = this.#bundle.current
    if (this.#last?.bundle !== bundle) {
      const view = viewOf(bundle)
      const facts = JSON.stringify([view, bundle.revoked.map(({ peerId }) => peerId)])
      this.#last = { bundle, facts, view: this.#last?.facts === facts ? this.#last.view : view }
    }
    return this.#last.view
  }

  isRevoked(peerId: string): boolean {
    return this.#bundle.isPeerRevoked(peerId)
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
