import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { dimseStatus, storeStatusOf } from '../status.ts'
import type { StoreStatus } from '../status.ts'
import type { OpenStore, StoreRequest, StoreSink } from '../store-provider.ts'

interface StoreReceiverOptions {
  maxObjectBytes: number
  batchBytes: number
}

/** The first batch of an object; each next one is twice as large, so that a small object costs little. */
const firstBatchBytes = 64 * 1024

/**
 * Takes one data set off the association: into its sink, or, once that refused or failed, into nothing. Never rejects;
 * what went wrong becomes the status. The association goes on either way.
 */
export class StoreReceiver {
  readonly #options: StoreReceiverOptions
  readonly #log: Logger
  #sink: StoreSink | undefined
  #status: StoreStatus
  #batch = Buffer.alloc(0)
  #used = 0
  #batchBytes = firstBatchBytes
  #received = 0

  private constructor(
    options: StoreReceiverOptions,
    deps: { log: Logger; target: StoreSink | { refuse: StoreStatus } },
  ) {
    this.#options = options
    this.#log = deps.log
    this.#sink = 'refuse' in deps.target ? undefined : deps.target
    this.#status = 'refuse' in deps.target ? deps.target.refuse : dimseStatus.success
  }

  static async open(
    request: StoreRequest,
    options: StoreReceiverOptions,
    deps: { openStore: OpenStore; log: Logger },
  ): Promise<StoreReceiver> {
    try {
      return new StoreReceiver(options, { log: deps.log, target: await deps.openStore(request) })
    } catch (error) {
      deps.log.error('dimse.store.failed', { step: 'open', code: codeOf(error) })
      return new StoreReceiver(options, { log: deps.log, target: { refuse: storeStatusOf(error) } })
    }
  }

  async write(fragment: Buffer): Promise<void> {
    this.#received += fragment.length
    if (this.#sink !== undefined && this.#received > this.#options.maxObjectBytes) {
      await this.#giveUp('write', Object.assign(new Error('object too long'), { code: 'OUT_OF_RESOURCES' }))
    }
    for (let at = 0; at < fragment.length && this.#sink !== undefined;) {
      if (this.#used === this.#batch.length) await this.#nextBatch()
      const taken = fragment.copy(this.#batch, this.#used, at)
      this.#used += taken
      at += taken
    }
  }

  /** The status for the C-STORE-RSP. */
  async finish(): Promise<StoreStatus> {
    await this.#flush()
    const sink = this.#sink
    if (sink === undefined) return this.#status
    try {
      this.#status = await sink.finish()
      this.#sink = undefined
    } catch (error) {
      await this.#giveUp('finish', error)
    }
    return this.#status
  }

  /** The data set will not be completed. */
  async abort(reason: string): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    this.#batch = Buffer.alloc(0)
    await sink?.abort(reason).catch((error: unknown) => {
      this.#log.error('dimse.store.failed', { step: 'abort', code: codeOf(error) })
    })
  }

  async #nextBatch(): Promise<void> {
    await this.#flush()
    this.#batch = Buffer.allocUnsafeSlow(Math.min(this.#batchBytes, this.#options.batchBytes))
    this.#batchBytes *= 2
  }

  /** Hands the batch over for good. */
  async #flush(): Promise<void> {
    const full = this.#batch.subarray(0, this.#used)
    this.#batch = Buffer.alloc(0)
    this.#used = 0
    if (full.length === 0) return
    await this.#sink?.write(full).catch((error: unknown) => this.#giveUp('write', error))
  }

  async #giveUp(step: string, error: unknown): Promise<void> {
    this.#status = storeStatusOf(error)
    this.#log.error('dimse.store.failed', { step, code: codeOf(error), received: this.#received })
    await this.abort(codeOf(error))
  }
}
