import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { NetworkBundle } from './network-bundle.ts'

/** How long the registry may hold a request open (spec 06 §3), and how much longer the answer may take. */
const waitSeconds = 25
const marginMs = 10_000

export interface RegistryContact {
  readonly reachable: boolean
  /** Milliseconds since the Unix epoch; absent before the first. */
  readonly lastContact?: number
  /** Since when it is silent. */
  readonly silentSince?: number
  /** Since when it serves what this node does not take, at all. */
  readonly refusedSince?: number
}

/** Fetches the network bundle by requests that are held open until there is a newer one; knows since when the registry is silent. */
export class BundleWatch {
  readonly #registry: RegistryClient
  readonly #bundle: NetworkBundle
  readonly #clock: Clock
  readonly #log: Logger
  /** Of the last bundle that came, whether or not it could be taken: the same again teaches nothing. */
  #etag: string | undefined
  #lastContact: number | undefined
  #silentSince: number | undefined
  #refusedSince: number | undefined
  /** Undefined before the first try. */
  #reachable: boolean | undefined

  constructor(deps: { registry: RegistryClient; bundle: NetworkBundle; clock: Clock; log: Logger }) {
    this.#registry = deps.registry
    this.#bundle = deps.bundle
    this.#clock = deps.clock
    this.#log = deps.log
  }

  get state(): RegistryContact {
    return {
      reachable: this.#reachable === true,
      ...(this.#lastContact !== undefined && { lastContact: this.#lastContact }),
      ...(this.#silentSince !== undefined && { silentSince: this.#silentSince }),
      ...(this.#refusedSince !== undefined && { refusedSince: this.#refusedSince }),
    }
  }

  /**
   * One fetch. Resolves to whether the next may follow at once: after something new, or when the registry did wait. Its
   * being away is a state, not an error: it is logged when it begins and when it ends.
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<boolean> {
    const { signal } = options
    const began = this.#clock.now()
    // Without a bundle nothing is known, whatever came before.
    const known = this.#bundle.version === 0 ? undefined : this.#etag
    try {
      const answer = await this.#registry.call('GET', `/api/v1/bundle?wait=${waitSeconds}`, {
        headers: { accept: 'application/cbor', ...(known && { 'if-none-match': known }) },
        timeoutMs: waitSeconds * 1000 + marginMs,
        ...(signal && { signal }),
      })
      const isSame = answer.status === 304 || answer.status === 204
      if (answer.status !== 200 && !isSame)
        throw new TwiinError('REGISTRY_REFUSED', { status: answer.status })
      this.#reached()
      if (isSame) return this.#clock.now() - began >= (waitSeconds * 1000) / 2
      const isNew = answer.headers['etag'] === undefined || answer.headers['etag'] !== this.#etag
      this.#etag = answer.headers['etag']
      return (await this.#take(answer.body)) && isNew
    } catch (error) {
      if (signal?.aborted !== true) this.#failed(codeOf(error))
      return false
    }
  }

  async #take(body: Buffer): Promise<boolean> {
    try {
      await this.#bundle.accept(body)
      this.#refusedSince = undefined
      return true
    } catch (error) {
      this.#refusedSince ??= this.#clock.now()
      this.#log.error('bundle of the registry refused', { code: codeOf(error) })
      return false
    }
  }

  #reached(): void {
    this.#lastContact = this.#clock.now()
    this.#silentSince = undefined
    if (this.#reachable !== true) this.#log.info('registry reached')
    this.#reachable = true
  }

  #failed(reason: string): void {
    this.#silentSince ??= this.#clock.now()
    if (this.#reachable === false) return
    this.#reachable = false
    this.#log.warn('registry not reached; going on with the last bundle', {
      reason,
      version: this.#bundle.version,
    })
  }
}
