import { dimseStatus } from '@twiin/dimse'
import type { AssociationInfo } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import type { ApplicationEntity } from '../config/settings.ts'
import type { Pacs } from '../deliver/pacs.ts'
import type { ClientTlsFor } from '../dicom-tls/dicom-certificates.ts'
import type { Asker } from './query.ts'

/** A place that a C-MOVE may name: one that is called as the PACS is. */
export type MoveDestination = Pacs

/** Which systems of this hospital may query, on whose responsibility, and where studies may be moved to (spec 13 §2). */
export class ApplicationEntities {
  readonly #options: {
    aeTitle: string
    entities: readonly ApplicationEntity[]
    pacs: Pacs
    /** How those with `tls: true` are called. */
    clientTls: ClientTlsFor
  }

  constructor(options: {
    aeTitle: string
    entities: readonly ApplicationEntity[]
    pacs: Pacs
    clientTls: ClientTlsFor
  }) {
    this.#options = options
  }

  /** Who asks. An AE title proves nothing: the hospital's network says who may use it. Throws `DIMSE_REFUSED` 0124. */
  asker({ callingAe }: AssociationInfo, service: 'C-FIND' | 'C-MOVE' | 'C-GET'): Asker {
    const entity = this.#find(callingAe)
    if (entity?.query !== true) throw refusal(dimseStatus.notAuthorised, 'this AE may not query')
    const name = entity.responsible ?? callingAe
    return {
      person: { id: `ae:${callingAe}`, name, role: entity.role ?? 'operator' },
      // Without a role in which somebody answers for it, it sees what this hospital made and no more.
      federated: entity.role !== undefined,
      by: `${service} ${callingAe}`,
    }
  }

  /** Where a study may go. Throws `DIMSE_REFUSED` A801. */
  destination(aeTitle: string): MoveDestination {
    const place = this.place(aeTitle)
    const mayReceive = aeTitle === this.#options.pacs.aeTitle || this.#find(aeTitle)?.moveDestination === true
    if (place === undefined || !mayReceive)
      throw refusal(dimseStatus.moveDestinationUnknown, 'no configured destination')
    return place
  }

  /** Where a system of this hospital is called, when that is configured; the PACS is one of them. */
  place(aeTitle: string): Pacs | undefined {
    const { pacs, aeTitle: callingAeTitle, clientTls } = this.#options
    if (aeTitle === pacs.aeTitle) return pacs
    const entity = this.#find(aeTitle)
    if (entity === undefined) return undefined
    const { host, port } = entity
    return { host, port, aeTitle, callingAeTitle, ...clientTls(entity) }
  }

  #find(aeTitle: string): ApplicationEntity | undefined {
    return this.#options.entities.find((entity) => entity.aeTitle.trim() === aeTitle)
  }
}

/** `comment`: at most 64 characters, without patient data. */
export function refusal(status: number, comment: string): TwiinError {
  return new TwiinError('DIMSE_REFUSED', { status, comment: comment.slice(0, 64) })
}
