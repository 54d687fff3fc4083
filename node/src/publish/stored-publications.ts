import type { Repository, Store } from '@twiin/store'
import type { Publication, PublicationState } from '@twiin/study-index'

/** What this hospital wants to be seen in the index and how far replicas have it, in the node's sealed database. */
export class StoredPublications implements PublicationState {
  readonly #store: Store
  readonly #publications: Repository<Publication>

  constructor(deps: { store: Store; publications: Repository<Publication> }) {
    this.#store = deps.store
    this.#publications = deps.publications
  }

  get(patientKey: string): Promise<Publication | undefined> {
    return this.#publications.get(patientKey)
  }

  async putAll(publications: readonly Publication[]): Promise<void> {
    await this.#store.batch(
      publications.map((publication) => this.#publications.putOp(publication.patientKey, publication)),
    )
  }

  async *all(): AsyncGenerator<Publication> {
    for await (const [, publication] of this.#publications.entries()) yield publication
  }

  async delete(patientKey: string): Promise<void> {
    await this.#publications.delete(patientKey)
  }
}
