import { PeerAllowance } from '@twiin/network'
import { anchorAnswer, anchorRequest, auditHead, seenHead } from '@twiin/protocol'
import type { AnchorAnswer, AuditHeadMessage, Signer, VerifySignature } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import { hex, onFile } from './kept-heads.ts'
import type { HeadOnFile } from './kept-heads.ts'

/** What this node signed of another's log. */
export interface SeenOfPeer {
  readonly seq: number
  readonly hash: string
  readonly head: Uint8Array
  readonly seen: Uint8Array
}

interface Deps {
  store: Store
  /** `<peer>` → the newest; `<peer>/<day>` → the first of each day. */
  seen: Repository<SeenOfPeer>
  isMember: (peerId: string) => boolean
  signer: Signer<'twiin/anchor/v1'>
  verify: VerifySignature<'twiin/anchor/v1'>
  clock: Clock
}

const freshMs = 5 * 60_000
/** An honest node asks twice in an hour, and a few times around its start and stop. */
const allowance = { burst: 40, perSecond: 1 / 10 }

/** This node as a witness of other members' audit logs: signs each head that continues the one it holds. Spec 07 §8. */
export class AnchorWitness {
  readonly #deps: Deps
  readonly #allowance: PeerAllowance

  constructor(deps: Deps) {
    this.#deps = deps
    this.#allowance = new PeerAllowance(allowance, deps)
  }

  /** Throws MESSAGE_*, SIGNATURE_INVALID, which reset the stream. */
  async answer(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    return anchorAnswer.encode(await this.#answer(bytes, peerId))
  }

  /** Newest of each member whose log this node saw: for whoever has to judge that log later. */
  async list(): Promise<(HeadOnFile & { keeper: string; seq: number })[]> {
    const listed = []
    for await (const [key, kept] of this.#deps.seen.entries()) {
      const [keeper = '', day] = key.split('/')
      if (day === undefined) listed.push({ keeper, seq: kept.seq, ...onFile(kept) })
    }
    return listed
  }

  async #answer(bytes: Uint8Array, peerId: string): Promise<AnchorAnswer> {
    if (!this.#allowance.take(peerId)) return { kind: 'refused', reason: 'TOO_MANY_REQUESTS' }
    const request = anchorRequest.decode(bytes)
    if (!this.#deps.isMember(peerId)) return { kind: 'refused', reason: 'NOT_A_MEMBER' }
    if (request.kind === 'held') {
      const kept = await this.#deps.seen.get(peerId)
      return kept === undefined ? { kind: 'held' } : { kind: 'held', head: kept.head, seen: kept.seen }
    }
    const { message } = auditHead.open(request.signed, peerId, this.#deps.verify)
    const { signer, clock } = this.#deps
    const isForUs = message.witness === signer.peerId && message.keeper === peerId
    if (!isForUs || Math.abs(clock.now() - message.at) > freshMs)
      return { kind: 'refused', reason: 'REQUEST_INVALID' }
    return this.#sign(message, request.signed)
  }

  /** One after the other for each peer, so that two heads cannot both continue one. */
  async #sign(message: AuditHeadMessage, head: Uint8Array): Promise<AnchorAnswer> {
    const { store, seen, signer, clock } = this.#deps
    const { keeper, witness, seq, hash } = message
    return store.update<AnchorAnswer>(`anchor ${keeper}`, async (update) => {
      const held = await update.get(seen, keeper)
      const refusal = refusalOf(message, held)
      if (refusal !== undefined) return { kind: 'refused', reason: refusal }
      const at = clock.now()
      const { bytes } = seenHead.sign({ kind: 'seen', keeper, witness, seq, hash, at }, signer)
      const kept: SeenOfPeer = { seq, hash: hex(hash), head, seen: bytes }
      update.put(seen, keeper, kept)
      const day = `${keeper}/${new Date(at).toISOString().slice(0, 10)}`
      if ((await update.get(seen, day)) === undefined) update.put(seen, day, kept)
      return { kind: 'seen', signed: bytes }
    })
  }
}

/** Why this head is not one that continues what is held. */
function refusalOf(message: AuditHeadMessage, held: SeenOfPeer | undefined): string | undefined {
  const { seq, hash, continues } = message
  if (held === undefined) return undefined
  if (seq < held.seq) return 'ANCHOR_BEHIND'
  if (seq === held.seq && hex(hash) !== held.hash) return 'ANCHOR_OTHER'
  const isContinued = continues?.seq === held.seq && hex(continues.hash) === held.hash
  return isContinued ? undefined : 'ANCHOR_NOT_CONTINUED'
}
