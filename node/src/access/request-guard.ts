import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** spec 04 §2: how old a signed request may be when it arrives, either way. */
const freshMs = 60_000
/** spec 04 §2: how long its id is remembered; longer than it could still be fresh. */
const rememberedMs = 5 * 60_000
/** One peer cannot use up what the others need. */
const mostPerPeer = 20_000

/** Lets every signed request count once, for this node, and only while it is fresh. */
export class RequestGuard {
  readonly #self: string
  readonly #clock: Clock
  readonly #seen = new Map<string, { at: number; peerId: string }>()
  readonly #counts = new Map<string, number>()

  constructor(options: { peerId: string }, deps: { clock: Clock }) {
    this.#self = options.peerId
    this.#clock = deps.clock
  }

  /** Throws `REQUEST_INVALID`. */
  check(request: { holder: string; issuedAt: number; requestId: Uint8Array }, peerId: string): void {
    const now = this.#clock.now()
    const id = `${peerId}:${Buffer.from(request.requestId).toString('base64')}`
    this.#forgetOld(now)
    if (request.holder !== this.#self) throw new TwiinError('REQUEST_INVALID', { why: 'another holder' })
    if (Math.abs(now - request.issuedAt) > freshMs)
      throw new TwiinError('REQUEST_INVALID', { why: 'not fresh' })
    if (this.#seen.has(id)) throw new TwiinError('REQUEST_INVALID', { why: 'seen before' })
    const count = this.#counts.get(peerId) ?? 0
    if (count >= mostPerPeer) throw new TwiinError('REQUEST_INVALID', { why: 'too many requests' })
    this.#counts.set(peerId, count + 1)
    this.#seen.set(id, { at: now, peerId })
  }

  #forgetOld(now: number): void {
    // Insertion order is time order, so the old ones are in front.
    for (const [id, { at, peerId }] of this.#seen) {
      if (now - at <= rememberedMs) return
      this.#seen.delete(id)
      const left = (this.#counts.get(peerId) ?? 1) - 1
      if (left > 0) this.#counts.set(peerId, left)
      else this.#counts.delete(peerId)
    }
  }
}
