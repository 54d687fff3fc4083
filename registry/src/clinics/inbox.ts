import type { Repository, Store } from '@twiin/store'
import type { SubmittedApplication } from './submitted-application.ts'

/**
 * The applications themselves, sealed on disk, with the people and words in them that the public ledger must not hold
 * and that can be erased (ADR 0012). All of it is in memory too: acts are judged on it without waiting for a disk.
 */
export class Inbox {
  readonly #stored: Repository<SubmittedApplication>
  readonly #all = new Map<string, SubmittedApplication>()

  constructor(_options: object, deps: { store: Store }) {
    this.#stored = deps.store.repository<SubmittedApplication>('applications', { keys: 'keyed' })
  }

  async load(): Promise<void> {
    for await (const [, one] of this.#stored.entries()) this.#all.set(one.id, one)
  }

  get(id: string): SubmittedApplication | undefined {
    return this.#all.get(id)
  }

  /** In order of submission, the same after a restart. */
  all(): SubmittedApplication[] {
    return [...this.#all.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  }

  /** On disk when it resolves, and only then to be seen. */
  async put(application: SubmittedApplication): Promise<void> {
    await this.#stored.put(application.id, application)
    this.#all.set(application.id, application)
  }

  async remove(id: string): Promise<void> {
    await this.#stored.delete(id)
    this.#all.delete(id)
  }
}
