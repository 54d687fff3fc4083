import type { Bsn, KnownTokens, PatientToken } from '@twiin/patient-token'
import { deriveLocation } from '@twiin/study-index'
import type { Repository, Store } from '@twiin/store'

/**
 * The tokens of this hospital's own patients, sealed, and which patient stands at which location of the index:
 * that is how a question that names only a location is understood here.
 */
export class OwnTokens implements KnownTokens {
  readonly #store: Store
  readonly #tokens: Repository<Uint8Array>
  readonly #locations: Repository<Bsn>

  constructor(deps: { store: Store; tokens: Repository<Uint8Array>; locations: Repository<Bsn> }) {
    this.#store = deps.store
    this.#tokens = deps.tokens
    this.#locations = deps.locations
  }

  async get(epoch: number, bsn: Bsn): Promise<PatientToken | undefined> {
    return (await this.#tokens.get(`${epoch}:${bsn}`)) as PatientToken | undefined
  }

  async put(epoch: number, bsn: Bsn, token: PatientToken): Promise<void> {
    await this.#store.batch([
      this.#tokens.putOp(`${epoch}:${bsn}`, token),
      this.#locations.putOp(locationKey(epoch, deriveLocation(token, epoch)), bsn),
    ])
  }

  async patientAt(epoch: number, location: Uint8Array): Promise<Bsn | undefined> {
    return this.#locations.get(locationKey(epoch, location))
  }
}

const locationKey = (epoch: number, location: Uint8Array) =>
  `${epoch}:${Buffer.from(location).toString('hex')}`
