import { readMessage } from '@twiin/hl7'
import { TwiinError, codeOf, isTwiinError, doubled } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Store } from '@twiin/store'
import type { Hl7Handler } from './hl7-handler.ts'
import type { InboxBuckets, InboxRecord } from './inbox-record.ts'

interface Deps extends Pick<InboxBuckets, 'records' | 'bodies' | 'waiting'> {
  store: Store
  /** Asked when a message is there: composition may register more after this was made. */
  handlers: readonly Hl7Handler[]
  clock: Clock
  log: Logger
}

/** A failure that may pass holds up its sender so long, all together some five minutes; then it is a person's. */
const mostAttempts = 12
const retries = { firstMs: 500, mostMs: 60_000 }
/** Messages in memory at once; a pause after a failure takes nobody's turn. */
const mostAtOnce = 4

/** Gives an acknowledged message to its handlers, until all took it or it failed (spec 15 §3). */
export class WorkOff {
  readonly #deps: Deps
  #running = 0
  readonly #turns: (() => void)[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Applied or failed, durably, when it resolves; or the signal came. Never rejects. */
  async settle(id: string, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#deps
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        if (await this.#inTurn(() => this.#once(id, attempt), signal)) return
      } catch (error) {
        // The store itself failed: the message stands as it stood.
        log.error('hl7 message not worked off', { code: codeOf(error) })
      }
      const pause = doubled(attempt - 1, retries)
      await clock.sleep(pause, signal).catch(() => {})
    }
  }

  /** When its turn comes; false when the signal came first. */
  async #inTurn(work: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    if (this.#running >= mostAtOnce) await new Promise<void>((resolve) => this.#turns.push(resolve))
    else this.#running++
    try {
      return !signal.aborted && (await work())
    } finally {
      // The turn goes to the next, or nobody has it.
      const next = this.#turns.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  /** True when there is nothing more to do. */
  async #once(id: string, attempt: number): Promise<boolean> {
    const { records, bodies, handlers, log } = this.#deps
    const [record, body] = [await records.get(id), await bodies.get(id)]
    if (record?.state !== 'waiting' || body === undefined) return true
    const { unnamedCharacterSet, bytes } = body
    let state = record
    try {
      const message = readMessage(Buffer.from(bytes), { unnamedCharacterSet })
      for (const handler of handlers) {
        if (!handler.handles(record.type) || state.done.includes(handler.name)) continue
        await handler.handle(message, { id, at: record.receivedAt })
        state = { ...state, done: [...state.done, handler.name] }
      }
      await this.#store({ ...withoutReason(state), attempts: attempt, state: 'applied' })
      return true
    } catch (error) {
      const code = codeOf(error)
      // Room comes back by itself: what was acknowledged waits for it.
      const isSpent = attempt >= mostAttempts && !isTwiinError(error, 'OUT_OF_RESOURCES')
      const isFinal = isTwiinError(error, 'HL7_CONTENT') || isSpent
      log.warn('hl7 message failed', { code, attempt, final: isFinal, type: record.type })
      const next = { ...state, attempts: attempt, reason: reasonOf(error) } as const
      await this.#store(isFinal ? { ...next, state: 'failed' } : next)
      return isFinal
    }
  }

  /** With the record goes what is not needed any more. */
  async #store(record: InboxRecord): Promise<void> {
    const { store, records, bodies, waiting, clock } = this.#deps
    const { id, state } = record
    if (state === 'waiting') return records.put(id, record)
    await store.batch([
      records.putOp(id, { ...record, settledAt: clock.now() }),
      waiting.deleteOp(id),
      ...(state === 'applied' ? [bodies.deleteOp(id)] : []),
    ])
  }
}

function withoutReason({ reason: _, ...record }: InboxRecord): InboxRecord {
  return record
}

/** Code, and for content where: never a value. */
function reasonOf(error: unknown): string {
  if (!(error instanceof TwiinError)) return codeOf(error)
  const { error: code, location } = error.facts
  return [error.code, code, location].filter((fact) => fact !== undefined && fact !== '').join(' ')
}
