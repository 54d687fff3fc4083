import type { Renderer } from '@twiin/pictures'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { DiskReserve } from '@twiin/store'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Chosen, PackageOrder, PackageTarget } from './package-order.ts'

export interface SharePackagesDeps {
  studies: Holdings
  house: Pick<HouseStudies, 'copyToGive'>
  searches: Pick<PatientSearches, 'find' | 'of' | 'isAllowed'>
  retrievals: Pick<Retrievals, 'request'>
  book: Pick<TransferBook, 'get' | 'onWork'>
  renderer: Pick<Renderer, 'render'>
  reserve: Pick<DiskReserve, 'require'>
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
}

/** From studies to the encrypted file that a share gives access to (spec 25 §2). */
export class SharePackages {
  readonly #options: { self: { ura: string; name: string } }
  readonly #deps: SharePackagesDeps

  constructor(options: { self: { ura: string; name: string } }, deps: SharePackagesDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** What it would hold; nothing is brought yet. Throws `STUDY_UNKNOWN`, `IDENTITY_MISMATCH`. */
  async choose(_order: PackageOrder, _person: Person): Promise<Chosen> {
    await Promise.resolve([this.#options, this.#deps])
    throw new TwiinError('STUDY_UNKNOWN')
  }

  /**
   * Written to `file`, durable when it resolves; on failure nothing is left. Throws what `choose` throws, what bringing or
   * reading threw (`SHARING_NOT_PERMITTED`, `OUT_OF_RESOURCES`, …), `NOTHING_TO_SHARE`, and the reason of the signal.
   */
  async make(order: PackageOrder, person: Person, _to: PackageTarget): Promise<{ bytes: number }> {
    await this.choose(order, person)
    return { bytes: 0 }
  }
}
