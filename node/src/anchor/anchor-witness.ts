import { PeerAllowance } from '@twiin/network'
import { anchorAnswer, anchorRequest, auditHead, limits, seenHead } from '@twiin/protocol'
import type { AnchorAnswer, AuditHeadMessage, Signer, VerifySignature } from '@twiin/protocol'
import type { Clock, Logger } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { Account } from '../account/account.ts'
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
  /** `<peer>` → the newest; `<peer>/<hour>` → the first of each hour (UTC). */
  seen: Repository<SeenOfPeer>
  isMember: (peerId: string) => boolean
  signer: Signer<'twiin/anchor/v1'>
  verify: VerifySignature<'twiin/anchor/v1'>
  account: Pick<Account, 'record'>
  clock: Clock
  log: Logger
}

/** What is listed of members that nobody asked about by name. */
const listedMs = 30 * 24 * 3_600_000
const freshMs = 5 * 60_000
/** An honest node asks twice in an hour, and two dozen times at its start. */
const allowance = { burst: 80, perSecond: 1 / 10 }
/** Refused heads of one peer that get a line in the log. An honest node has none in a year. */
const linesOfRefusals = { burst: 5, perSecond: 1 / 3600 }

/** This node as a witness of other members' audit logs: signs each head that continues the one it holds. Spec 07 §8. */
export class AnchorWitness {
  readonly #deps: Deps
  readonly #allowance: PeerAllowance
  readonly #lines: PeerAllowance

  constructor(deps: Deps) {
    this.#deps = deps
    this.#allowance = new PeerAllowance(allowance, deps)
    this.#lines = new PeerAllowance(linesOfRefusals, deps)
  }

  /** Throws MESSAGE_*, SIGNATURE_INVALID, which reset the stream. */
  async answer(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    return anchorAnswer.encode(await this.#answer(bytes, peerId))
  }

  /**
   * What this node saw of others' logs, for whoever has to judge one later: of each member the newest and, of the last 30
   * days, the first of each; of this keeper the first of each hour, for good. Whoever had a rewritten log signed later cannot
   * take the earlier ones away.
   */
  async list(keeper?: string): Promise<(HeadOnFile & { keeper: string; seq: number })[]> {
    if (keeper !== undefined) return this.#listOf(keeper, {})
    const since = new Date(this.#deps.clock.now() - listedMs).toISOString().slice(0, 10)
    const listed = []
    for await (const each of this.#keepers()) listed.push(...(await this.#listOf(each, { since })))
    return listed
  }

  /** The newest, then the first of each hour, or of each day since this one; what is the newest is told once. */
  async #listOf(keeper: string, { since }: { since?: string }) {
    const newest = await this.#deps.seen.get(keeper)
    if (newest === undefined) return []
    const listed = [{ keeper, seq: newest.seq, ...onFile(newest) }]
    let lastDay: string | undefined
    const range = { prefix: `${keeper}/`, ...(since === undefined ? {} : { after: `${keeper}/${since}` }) }
    for await (const [key, kept] of this.#deps.seen.entries(range)) {
      const day = key.slice(keeper.length + 1).slice(0, 10)
      const isToldAlready = newest.seq === kept.seq || (since !== undefined && lastDay === day)
      lastDay = day
      if (!isToldAlready) listed.push({ keeper, seq: kept.seq, ...onFile(kept) })
    }
    return listed
  }

  /** Of whom something is kept, without reading all of it. */
  async *#keepers(): AsyncGenerator<string> {
    let after = ''
    for (;;) {
      let key: string | undefined
      for await (const [next] of this.#deps.seen.entries({ after, limit: 1 })) key = next
      if (key === undefined) return
      yield key
      // Behind all of its hours, which begin with a digit.
      after = `${key}/~`
    }
  }

  async #answer(bytes: Uint8Array, peerId: string): Promise<AnchorAnswer> {
    if (!this.#allowance.take(peerId)) return { kind: 'refused', reason: 'TOO_MANY_REQUESTS' }
    const request = anchorRequest.decode(bytes)
    if (!this.#deps.isMember(peerId)) return { kind: 'refused', reason: 'NOT_A_MEMBER' }
    if (request.kind === 'held') {
      const kept = await this.#deps.seen.get(peerId)
      return kept === undefined ? { kind: 'held' } : { kind: 'held', head: kept.head, seen: kept.seen }
    }
    if (request.kind === 'kept') return this.#keptOf(peerId, request.before)
    const { message } = auditHead.open(request.signed, peerId, this.#deps.verify)
    const { signer, clock } = this.#deps
    const isForUs = message.witness === signer.peerId && message.keeper === peerId
    if (!isForUs || Math.abs(clock.now() - message.at) > freshMs)
      return { kind: 'refused', reason: 'REQUEST_INVALID' }
    const answer = await this.#sign(message, request.signed)
    if (answer.kind === 'refused') await this.#noteRefused(peerId, answer.reason)
    return answer
  }

  /** Newest first. */
  async #keptOf(peerId: string, before?: string): Promise<AnchorAnswer> {
    const heads: { hour: string; head: Uint8Array; seen: Uint8Array }[] = []
    const range = { prefix: `${peerId}/`, reverse: true, limit: limits.headsPerAnswer + 1 }
    const after = before === undefined ? {} : { after: `${peerId}/${before}` }
    for await (const [key, { head, seen }] of this.#deps.seen.entries({ ...range, ...after }))
      heads.push({ hour: key.slice(peerId.length + 1), head, seen })
    const more = heads.length > limits.headsPerAnswer
    return { kind: 'kept', heads: heads.slice(0, limits.headsPerAnswer), more }
  }

  /** A member whose log does not continue what it showed before: somebody here should know, and ask. */
  async #noteRefused(peerId: string, reason: string): Promise<void> {
    if (!this.#lines.take(peerId)) return
    this.#deps.log.warn('the audit log of a member does not continue what this node saw', { peerId, reason })
    await this.#deps.account.record({
      event: 'refused',
      outcome: 'refused',
      ...{ reason, peerId, protocol: 'spec 07 §8' },
    })
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
      const hour = `${keeper}/${new Date(at).toISOString().slice(0, 13)}`
      if ((await update.get(seen, hour)) === undefined) update.put(seen, hour, kept)
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
