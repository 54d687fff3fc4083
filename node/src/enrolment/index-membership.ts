import type { IndexView, Membership } from '@twiin/study-index'
import type { NetworkBundle } from './network-bundle.ts'

/** The network bundle as the study index reads it: a new view only when something in it changed. */
export class IndexMembership implements Membership {
  readonly #bundle: NetworkBundle
  #view: { version: number; view: IndexView } | undefined

  constructor(deps: { bundle: NetworkBundle }) {
    this.#bundle = deps.bundle
  }

  current(): IndexView {
    const { version, index, members } = this.#bundle.current
    if (this.#view?.version !== version) {
      const { epoch, bits, replicas } = index
      const view = {
        epoch,
        bits,
        replicas,
        members: members.map(({ peerId, ura, declaredPatients }) => ({ peerId, ura, declaredPatients })),
      }
      this.#view = { version, view }
    }
    return this.#view.view
  }

  isRevoked(peerId: string): boolean {
    return this.#bundle.isPeerRevoked(peerId)
  }
}
