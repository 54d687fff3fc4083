import { PeerAllowance } from '@twiin/network'
import { gossipAnswer, gossipRequest } from '@twiin/protocol'
import type { GossipAnswer } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { LogView } from './log-view.ts'
import type { Held, NetworkBundle } from './network-bundle.ts'

/** spec 06 §8: an honest peer asks a few times in a bad minute. */
const requests = { burst: 20, perSecond: 1 }
/** A bundle may be megabytes. */
const bundles = { burst: 4, perSecond: 1 / 5 }

/** The answering side of `/twiin/bundle/1.0.0`. What a peer tells costs one look at a signature, whatever it says. */
export class GossipAnswers {
  readonly #bundle: NetworkBundle
  readonly #logView: LogView
  readonly #heard: (peerId: string, theirs: Held) => void
  readonly #requests: PeerAllowance
  readonly #bundles: PeerAllowance

  constructor(deps: {
    bundle: NetworkBundle
    logView: LogView
    heard: (peerId: string, theirs: Held) => void
    clock: Pick<Clock, 'now'>
  }) {
    this.#bundle = deps.bundle
    this.#logView = deps.logView
    this.#heard = deps.heard
    this.#requests = new PeerAllowance(requests, deps)
    this.#bundles = new PeerAllowance(bundles, deps)
  }

  /** Throws MESSAGE_*, which resets the stream. */
  answer(bytes: Uint8Array, peerId: string): Uint8Array {
    return gossipAnswer.encode(this.#answer(bytes, peerId))
  }

  #answer(bytes: Uint8Array, peerId: string): GossipAnswer {
    if (!this.#requests.take(peerId)) return tooMany
    const request = gossipRequest.decode(bytes)
    if (request.kind === 'contradiction') {
      this.#logView.accuse(request.first, request.second, peerId)
      return this.#noted()
    }
    this.#logView.note(request.checkpoint, peerId)
    // Who asks says what it has: that may be news to us.
    this.#heard(peerId, request)
    const newer = request.kind === 'pull' ? this.#bundle.newerThan(request) : undefined
    if (newer === undefined) return this.#noted()
    return this.#bundles.take(peerId) ? { kind: 'newer', bundle: newer } : tooMany
  }

  #noted(): GossipAnswer {
    return { kind: 'noted', version: this.#bundle.version }
  }
}

const tooMany = { kind: 'refused', reason: 'TOO_MANY_REQUESTS' } as const
