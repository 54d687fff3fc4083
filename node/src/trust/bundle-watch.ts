import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { NetworkBundle } from './network-bundle.ts'
import type { RegistryClient } from '../enrolment/registry-client.ts'

/** Fetches the network bundle; knows since when the registry has been silent. Run in a loop by the composition root. */
export class BundleWatch {
  readonly #registry: RegistryClient
  readonly #bundle: NetworkBundle
  readonly #clock: Clock
  readonly #log: Logger
  #lastContact: number | undefined
  #reachable = false

  constructor(deps: { registry: RegistryClient; bundle: NetworkBundle; clock: Clock; log: Logger }) {
    this.#registry = deps.registry
    this.#bundle = deps.bundle
    this.#clock = deps.clock
    this.#log = deps.log
  }

  get state(): { reachable: boolean; lastContact?: number } {
    return {
      reachable: this.#reachable,
      ...(this.#lastContact === undefined ? {} : { lastContact: this.#lastContact }),
    }
  }

  /** One fetch. The registry being away is a state, not an error: it is logged when it begins and when it ends. */
  async refresh(): Promise<void> {
    try {
      const answer = await this.#registry.call('GET', '/api/v1/bundle', {
        headers: { accept: 'application/cbor', 'if-none-match': `"${this.#bundle.version}"` },
      })
      if (answer.status === 200) await this.#bundle.accept(answer.body)
      this.#note(answer.status === 200 || answer.status === 304, `status ${answer.status}`)
    } catch (error) {
      this.#note(false, codeOf(error))
    }
  }

  #note(reached: boolean, reason: string): void {
    if (reached) this.#lastContact = this.#clock.now()
    if (reached === this.#reachable) return
    this.#reachable = reached
    if (reached) this.#log.info('registry reached')
    else
      this.#log.warn('registry not reached; going on with the last bundle', {
        reason,
        version: this.#bundle.version,
      })
  }
}
