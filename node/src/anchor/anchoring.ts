import type { AuditHead, AuditLog } from '@twiin/audit'
import type { PeerHost } from '@twiin/network'
import { anchorAnswer, anchorRequest, auditHead, limits, protocolIds, seenHead } from '@twiin/protocol'
import type { AnchorAnswer, Signer, VerifySignature } from '@twiin/protocol'
import { Backoff, Loop, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { hex, placeOf } from './kept-heads.ts'
import type { KeptHead, KeptHeads } from './kept-heads.ts'

/** Spec 07 §8. */
const witnessesEachRound = 3
/** Who does not answer is passed over, this often. */
const triedEachRound = 12
const askedAtOnce = 6
/** Of its own statements, at the start; `audit-verify` looks at all. */
const keptLookedAt = 500
/** Pages of heads that a member keeps of this log: three weeks of hours. */
const pagesLookedAt = 20
/** Who was not there at the start is asked again no sooner. */
const askAgainMs = 10 * 60_000
const timeoutMs = 5000
/** No head signed for this long, with members there to sign: somebody should look. */
const unsignedMs = 24 * 3_600_000
/** A node that stops has eight seconds for everything. */
const stopMs = 1500

interface Deps {
  log: AuditLog
  kept: KeptHeads
  /** Peer IDs of the other members. */
  others: () => readonly string[]
  host: Pick<PeerHost, 'ask'>
  signer: Signer<'twiin/anchor/v1'>
  verify: VerifySignature
  clock: Clock
  logger: Logger
  random: (bytes: number) => Uint8Array
}

/** Hands the head of this node's audit log to others, and asks them what they hold: so a log that was put back is noticed. */
export class Anchoring implements Service {
  readonly name = 'audit anchoring'
  readonly #deps: Deps
  readonly #rounds: Loop
  /** When each was tried last, whether it signed or not: who never signs must not stand in front for ever. */
  readonly #offeredAt = new Map<string, number>()
  /** Of this log, or since when there is somebody to sign one. */
  #lastSignedAt: number
  /** In the last round. */
  #isUnsigned = false
  #alarm: { code: 'AUDIT_ROLLED_BACK'; since: number; firstBad: number } | undefined
  readonly #askAgainMs: number
  /** Who said what it keeps of this log, since the start; and when those were tried who did not. */
  readonly #heardOf = new Set<string>()
  readonly #triedAt = new Map<string, number>()
  #hasLookedAtOwn = false
  #pauseMs = 0
  readonly #unsignedMs: number

  constructor(options: { everyMs: number }, deps: Deps) {
    this.#deps = deps
    this.#askAgainMs = Math.min(askAgainMs, options.everyMs)
    const { clock, logger, random } = deps
    this.#lastSignedAt = clock.now()
    this.#unsignedMs = Math.max(unsignedMs, 3 * options.everyMs)
    const waits = new Backoff({ firstMs: 2000, mostMs: Math.min(60_000, options.everyMs) }, { random })
    this.#rounds = new Loop(
      { name: this.name },
      {
        turn: async (signal) => {
          await this.#askAll(signal)
          const wanted = Math.min(witnessesEachRound, deps.others().length)
          const signed = await this.round(signal)
          // Too few were there, or the directory is not here yet: sooner again, with ever longer pauses.
          const isDone = wanted > 0 && signed >= wanted
          if (isDone) waits.reset()
          this.#pauseMs = isDone || this.#alarm !== undefined ? options.everyMs : waits.next()
        },
        pause: (signal) => clock.sleep(this.#pauseMs, signal),
        onError: (error) => {
          this.#pauseMs = waits.next()
          logger.warn('audit log not anchored', { code: codeOf(error) })
        },
      },
    )
  }

  start(): Promise<void> {
    return this.#rounds.start()
  }

  /** What was written since the last round is handed over too, to whoever is there. */
  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.round(AbortSignal.timeout(stopMs)).catch(() => {})
  }

  /** This log is not the one that others saw: the seq from which on it is another, and since when that is known. */
  get alarm(): { code: 'AUDIT_ROLLED_BACK'; since: number; firstBad: number } | undefined {
    return this.#alarm
  }

  /** Members are there, and for a day none of them signed a head: what this log says now, nobody else can tell. */
  get unanchored(): { code: 'AUDIT_NOT_ANCHORED'; since: number } | undefined {
    const since = this.#lastSignedAt
    const isLate = this.#isUnsigned && this.#deps.clock.now() - since >= this.#unsignedMs
    return isLate ? { code: 'AUDIT_NOT_ANCHORED', since } : undefined
  }

  /** Resolves to how many signed the head. Throws what the disk does wrong. */
  async round(signal?: AbortSignal): Promise<number> {
    let signed = 0
    const waiting = this.#inTurn().slice(0, triedEachRound)
    const takeSome = async () => {
      for (let peerId = waiting.shift(); peerId !== undefined; peerId = waiting.shift()) {
        if (signed >= witnessesEachRound || signal?.aborted === true) return
        signed++
        if (!(await this.#anchorAt(peerId, signal))) signed--
      }
    }
    const hasAnybody = waiting.length > 0
    await Promise.all(Array.from({ length: witnessesEachRound }, takeSome))
    this.#isUnsigned = hasAnybody && signed === 0
    if (!this.#isUnsigned) this.#lastSignedAt = this.#deps.clock.now()
    return signed
  }

  /**
   * Every member, until it answered once: whom this node asked before its folder was put back, it cannot know, and a
   * rewritten log may have been signed by some of them.
   */
  async #askAll(signal: AbortSignal): Promise<void> {
    const { kept, others, clock } = this.#deps
    if (!this.#hasLookedAtOwn) {
      this.#lastSignedAt = (await kept.lastSignedAt()) ?? this.#lastSignedAt
      for (const head of await kept.heads({ newest: keptLookedAt }))
        if ((await this.#hashAt(head.seq)) !== head.hash) await this.#raise(head)
    }
    this.#hasLookedAtOwn = true
    const since = clock.now() - this.#askAgainMs
    const waiting = others().filter(
      (peerId) => !this.#heardOf.has(peerId) && (this.#triedAt.get(peerId) ?? -Infinity) <= since,
    )
    const askSome = async () => {
      for (let peerId = waiting.shift(); peerId !== undefined; peerId = waiting.shift()) {
        if (signal.aborted) return
        this.#triedAt.set(peerId, clock.now())
        const isHeard =
          (await this.#heldBy(peerId, signal)) !== 'unknown' && (await this.#lookAtKept(peerId, signal))
        if (isHeard) this.#heardOf.add(peerId)
      }
    }
    await Promise.all(Array.from({ length: askedAtOnce }, askSome))
  }

  /** What this peer signed before its newest, newest first. False when it does not say. */
  async #lookAtKept(witness: string, signal: AbortSignal): Promise<boolean> {
    let before: string | undefined
    for (let page = 0; page < pagesLookedAt; page++) {
      const request = { kind: 'kept' as const, ...(before === undefined ? {} : { before }) }
      const answer = await this.#ask(witness, anchorRequest.encode(request), signal)
      if (answer?.kind !== 'kept') return false
      for (const { head, seen } of answer.heads) await this.#compare(witness, { head, seen })
      before = answer.heads.at(-1)?.hour
      if (!answer.more || before === undefined) break
    }
    return true
  }

  #inTurn(): string[] {
    const last = (peerId: string) => this.#offeredAt.get(peerId) ?? 0
    // Random among equals: nodes that started together must not all go to the same three.
    const drawn = this.#deps.others().map((peerId) => ({ peerId, lot: hex(this.#deps.random(4)) }))
    return drawn
      .sort((a, b) => last(a.peerId) - last(b.peerId) || (a.lot < b.lot ? -1 : 1))
      .map(({ peerId }) => peerId)
  }

  /** Whether this peer signed the head of now. A peer that cannot be reached, or that holds another log, does not. */
  async #anchorAt(witness: string, signal?: AbortSignal): Promise<boolean> {
    const { log, signer, verify, clock, kept, logger } = this.#deps
    this.#offeredAt.set(witness, clock.now())
    const held = await this.#heldBy(witness, signal)
    if (held === 'unknown' || held === 'other') return false
    const head = await log.head()
    if (head === undefined) return true
    const { bytes } = auditHead.sign(
      {
        ...{ kind: 'head', keeper: signer.peerId, witness, ...onWire(head), at: clock.now() },
        ...(held === undefined ? {} : { continues: onWire(held) }),
      },
      signer,
    )
    const answer = await this.#ask(witness, anchorRequest.encode({ kind: 'anchor', signed: bytes }), signal)
    if (answer?.kind !== 'seen') {
      if (answer?.kind === 'refused') logger.warn('head not signed', { witness, reason: answer.reason })
      return false
    }
    if (!isSeen(answer.signed, head, { keeper: signer.peerId, witness }, verify)) {
      logger.warn('head not signed', { witness, reason: 'ANSWER_INVALID' })
      return false
    }
    await kept.keep({ seq: head.seq, witness }, { head: bytes, seen: answer.signed })
    return true
  }

  /** What this peer holds of our log, when our log still says the same; `other` when it does not, and then that is an alarm. */
  async #heldBy(witness: string, signal?: AbortSignal): Promise<AuditHead | undefined | 'unknown' | 'other'> {
    const answer = await this.#ask(witness, anchorRequest.encode({ kind: 'held' }), signal)
    if (answer?.kind !== 'held') return 'unknown'
    if (answer.head === undefined) return undefined
    const { head, seen } = answer
    return this.#compare(witness, { head, ...(seen === undefined ? {} : { seen }) })
  }

  /** A head that bears this node's own signature, when the log still says the same; else that is an alarm. */
  async #compare(witness: string, evidence: KeptHead): Promise<AuditHead | 'unknown' | 'other'> {
    const { signer, verify, kept } = this.#deps
    const place = placeOf({ head: evidence.head }, verify, signer.peerId)
    // Not signed by us: it proves nothing, whatever it says.
    if (place === undefined) return 'unknown'
    if ((await this.#hashAt(place.seq)) === place.hash) return { seq: place.seq, hash: place.hash }
    await kept.keep({ seq: place.seq, witness }, evidence)
    await this.#raise(place)
    return 'other'
  }

  async #raise(place: AuditHead): Promise<void> {
    const head = (await this.#deps.log.head()) ?? { seq: 0 }
    const firstBad = Math.min(place.seq, head.seq + 1)
    if (this.#alarm === undefined) {
      this.#deps.logger.error('the audit log is not the one that others saw', { firstBad })
      this.#alarm = { code: 'AUDIT_ROLLED_BACK', since: this.#deps.clock.now(), firstBad }
    } else if (firstBad < this.#alarm.firstBad) this.#alarm = { ...this.#alarm, firstBad }
  }

  async #hashAt(seq: number): Promise<string | undefined> {
    try {
      return (await this.#deps.log.at(seq))?.hash
    } catch (error) {
      if (isTwiinError(error, 'SEAL_BROKEN')) return undefined
      throw error
    }
  }

  /** Undefined for a peer that cannot be reached, does not speak this, or says nothing sensible. */
  async #ask(peerId: string, bytes: Uint8Array, signal?: AbortSignal): Promise<AnchorAnswer | undefined> {
    try {
      return anchorAnswer.decode(
        await this.#deps.host.ask(peerId, protocolIds.anchor, bytes, {
          ...{ maxAnswerBytes: limits.anchorAnswerBytes, timeoutMs },
          ...(signal && { signal }),
        }),
      )
    } catch (error) {
      this.#deps.logger.debug('peer not asked about the log', { peerId, code: codeOf(error) })
      return undefined
    }
  }
}

/** Whether this is that witness' signature under this very head. */
function isSeen(
  signed: Uint8Array,
  head: AuditHead,
  { keeper, witness }: { keeper: string; witness: string },
  verify: VerifySignature,
): boolean {
  try {
    const { message } = seenHead.open(signed, witness, verify)
    return message.keeper === keeper && message.seq === head.seq && hex(message.hash) === head.hash
  } catch {
    return false
  }
}

const onWire = ({ seq, hash }: AuditHead) => ({ seq, hash: Buffer.from(hash, 'hex') })
