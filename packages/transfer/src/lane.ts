import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Piece } from './frames.ts'
import type { OpenLane } from './open-lane.ts'
import type { ReceivingInstance } from './ports.ts'
import type { ReceiveDeps } from './receive-deps.ts'
import type { Missing, WorkList } from './work-list.ts'

/** What one `want` names, and how much may be on its way while we ask for more: a full line at 50 ms and 1 Gbit/s. */
const wantInstances = 256
const wantBytes = 16 * 1024 * 1024
const askAgainBytes = 8 * 1024 * 1024
/** Instances that are made durable while the next ones come in. */
const commitsAtOnce = 16

export interface LaneCounts {
  stored(bytes: number): void
  committed(): void
}
interface Expected {
  readonly missing: Missing
  readonly index: number
  /** Of the next byte. */
  offset: number
}

/** One channel at work: asks for what is missing, takes exactly that, and lets it count when it is verified. */
export class Lane {
  readonly #open: OpenLane
  readonly #work: WorkList
  readonly #deps: ReceiveDeps
  readonly #counts: LaneCounts
  readonly #signal: AbortSignal
  /** In the order of sending; undefined stands for the `done` behind each want. */
  #expected: (Expected | undefined)[] = []
  #current: ReceivingInstance | undefined
  readonly #commits = new Set<Promise<void>>()
  #commitError: unknown

  constructor(
    open: OpenLane,
    deps: ReceiveDeps,
    shared: { work: WorkList; counts: LaneCounts; signal: AbortSignal },
  ) {
    this.#open = open
    this.#deps = deps
    this.#work = shared.work
    this.#counts = shared.counts
    this.#signal = shared.signal
  }

  /** Until nothing is left to ask for. What was asked for and did not come goes back to the others. */
  async run(): Promise<void> {
    try {
      await this.#askForMore()
      while (this.#expected.length > 0) {
        const frame = await this.#open.next()
        if (frame.kind === 'piece') await this.#take(frame.piece, frame.size)
        else if (frame.control.kind === 'done' && this.#expected[0] === undefined) this.#expected.shift()
        else throw new TwiinError('FRAME_INVALID', { kind: frame.control.kind })
        await this.#askForMore()
      }
      await this.#allCommitted()
      await this.#open.close(this.#deps)
    } catch (error) {
      await this.#current?.suspend()
      this.#open.abort(error instanceof Error ? error : new TwiinError('UNEXPECTED'))
      await Promise.allSettled(this.#commits)
      const unfinished = this.#expected.filter((expected) => expected !== undefined)
      for (const { offset } of unfinished) this.#counts.stored(-offset)
      this.#work.giveBack(unfinished.map(({ missing }) => missing))
      // A cut is no reason to hide that the disk is full.
      throw isTwiinError(error, 'TRANSFER_CUT') ? (this.#commitError ?? error) : error
    }
  }

  async #askForMore(): Promise<void> {
    const onItsWay = this.#expected.reduce(
      (sum, expected) =>
        sum + (expected === undefined ? 0 : expected.missing.instance.bytes - expected.offset),
      0,
    )
    if (this.#work.size === 0 || onItsWay >= askAgainBytes || this.#expected.length > wantInstances) return
    const wanted: Expected[] = []
    const unknown: Missing[] = []
    for (const missing of this.#work.take(wantInstances, wantBytes)) {
      const index = this.#open.placeOf(missing.instance)
      if (index === undefined) {
        unknown.push(missing)
        continue
      }
      const offset = await this.#deps.store.stored(missing.instance)
      this.#counts.stored(offset)
      const expected = { missing, index, offset }
      if (offset >= missing.instance.bytes) await this.#complete(expected, await this.#openAt(expected))
      else wanted.push(expected)
    }
    this.#work.giveBack(unknown)
    if (wanted.length === 0) {
      // Only what this holder's manifest no longer has: nothing to wait for here.
      if (unknown.length > 0) return
      return this.#askForMore()
    }
    this.#expected.push(...wanted, undefined)
    await this.#open.want(wanted.map(({ index, offset }) => ({ index, offset })))
  }

  /** spec 05 §4: only what was wanted, where the last piece ended, never past the declared length. */
  async #take({ index, offset, bytes }: Piece, size: number): Promise<void> {
    const expected = this.#expected[0]
    if (expected === undefined || index !== expected.index || offset !== expected.offset)
      throw new TwiinError('PIECE_UNEXPECTED', { index, offset })
    const { instance } = expected.missing
    if (offset + bytes.byteLength > instance.bytes)
      throw new TwiinError('PIECE_UNEXPECTED', { index, offset })
    const lease = await this.#deps.budget.acquire(size, this.#signal)
    let receiving: ReceivingInstance
    try {
      receiving = this.#current ??= await this.#openAt(expected)
      await receiving.write(bytes)
    } finally {
      lease.release()
    }
    expected.offset += bytes.byteLength
    this.#counts.stored(bytes.byteLength)
    if (expected.offset < instance.bytes) return
    this.#current = undefined
    this.#expected.shift()
    await this.#complete(expected, receiving)
  }

  async #openAt({ missing, index, offset }: Expected): Promise<ReceivingInstance> {
    const receiving = await this.#deps.store.open(missing.instance)
    if (receiving.offset === offset) return receiving
    await receiving.suspend()
    throw new TwiinError('TRANSFER_CUT', { code: 'STORE_MOVED', index })
  }

  /** All bytes are here: they count only if they are the ones the holder signed for. */
  async #complete({ missing, index }: Expected, receiving: ReceivingInstance): Promise<void> {
    if (Buffer.compare(receiving.digest(), missing.instance.sha256) === 0) return this.#commit(receiving)
    await receiving.discard()
    this.#counts.stored(-missing.instance.bytes)
    if (++missing.mismatches > 1) throw new TwiinError('DIGEST_MISMATCH', { index })
    this.#work.giveBack([missing])
  }

  async #commit(receiving: ReceivingInstance): Promise<void> {
    while (this.#commits.size >= commitsAtOnce) await Promise.race(this.#commits)
    if (this.#commitError !== undefined) {
      await receiving.suspend()
      throw this.#commitError as Error
    }
    const commit = receiving.commit().then(
      () => this.#counts.committed(),
      async (error: unknown) => {
        this.#commitError ??= error
        await receiving.discard().catch(() => {})
      },
    )
    this.#commits.add(commit)
    void commit.then(() => this.#commits.delete(commit))
  }

  async #allCommitted(): Promise<void> {
    await Promise.all(this.#commits)
    if (this.#commitError !== undefined) throw this.#commitError as Error
  }
}
