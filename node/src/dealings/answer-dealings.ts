import { PeerAllowance } from '@twiin/network'
import { accountAnswer, accountRequest, limits } from '@twiin/protocol'
import type { AccountAnswer, Dealing } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { DayDealings, OwnDealing } from './day-dealings.ts'

const allowance = { burst: 60, perSecond: 1 / 30 }

/** What this node has on record about itself and the member that asks, and nobody else. Spec 07 §9. */
export class AnswerDealings {
  readonly #dealings: DayDealings
  readonly #uraOf: (peerId: string) => string | undefined
  readonly #allowance: PeerAllowance

  constructor(deps: {
    dealings: DayDealings
    /** Of a member, as the directory has it. */
    uraOf: (peerId: string) => string | undefined
    clock: Pick<Clock, 'now'>
  }) {
    this.#dealings = deps.dealings
    this.#uraOf = deps.uraOf
    this.#allowance = new PeerAllowance(allowance, deps)
  }

  /** Throws MESSAGE_*, which reset the stream. */
  async answer(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    return accountAnswer.encode(await this.#answer(bytes, peerId))
  }

  async #answer(bytes: Uint8Array, peerId: string): Promise<AccountAnswer> {
    if (!this.#allowance.take(peerId)) return { kind: 'refused', reason: 'TOO_MANY_REQUESTS' }
    const { day, after } = accountRequest.decode(bytes)
    const ura = this.#uraOf(peerId) ?? ''
    if (ura === '') return { kind: 'refused', reason: 'NOT_A_MEMBER' }
    const from = after === undefined ? '' : Buffer.from(after).toString('hex')
    const all = (await this.#dealings.of(day, ura)).filter(({ requestId }) => requestId > from)
    const dealings = all.slice(0, limits.dealingsPerAnswer).map(onWire)
    return { kind: 'dealings', dealings, more: all.length > dealings.length }
  }
}

const onWire = ({ requestId, events, ...dealing }: OwnDealing): Dealing => ({
  ...dealing,
  requestId: Buffer.from(requestId, 'hex'),
  events: events.slice(0, 32),
})

export const fromWire = ({ requestId, ...dealing }: Dealing): OwnDealing => ({
  ...dealing,
  requestId: Buffer.from(requestId).toString('hex'),
})
