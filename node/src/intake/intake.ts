import type { HeadReader } from '@twiin/dicom'
import { dimseStatus } from '@twiin/dimse'
import type {
  Admittance,
  AssociationInfo,
  StoreProvider,
  StoreRequest,
  StoreSink,
  StoreStatus,
} from '@twiin/dimse'
import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { StudyStore } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import { InstanceReception } from './receive-instance.ts'
import type { Destination, RouteToRecipient } from './route-to-recipient.ts'

export interface IntakeOptions {
  aeTitle: string
  callingAeTitles: readonly string[]
  destinations: readonly Destination[]
  patientIdIssuer: string
  citizenNumberInLegacyField: readonly string[]
}

interface Deps {
  studies: StudyStore
  heads: HeadReader
  routes: RouteToRecipient
  account: Account
  log: Logger
}

/** A study enters the hospital's node: from a modality or PACS, by C-STORE (journey J2, J3; spec dicom-conformance). */
export class Intake implements StoreProvider {
  readonly #options: IntakeOptions
  readonly #deps: Deps
  readonly #arrived = new Map<string, Map<string, { studyInstanceUid: string; count: number }>>()

  constructor(options: IntakeOptions, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  admit({ callingAe, calledAe }: AssociationInfo): Admittance {
    if (!this.#options.callingAeTitles.includes(callingAe)) return 'calling-ae-not-recognized'
    const known = calledAe === this.#options.aeTitle || this.#destinationOf(calledAe) !== undefined
    return known ? 'accept' : 'called-ae-not-recognized'
  }

  async openStore(request: StoreRequest): Promise<StoreSink | { refuse: StoreStatus }> {
    const { association, ...facts } = request
    const { studies, heads, routes, log } = this.#deps
    const destination = this.#destinationOf(association.calledAe)
    try {
      const incoming = await studies.openIncoming({
        ...facts,
        origin: { kind: 'local', callingAe: association.callingAe, calledAe: association.calledAe },
      })
      return new InstanceReception(
        {
          defaultIssuer: this.#options.patientIdIssuer,
          acceptLegacyOtherPatientIds: this.#options.citizenNumberInLegacyField.includes(
            association.callingAe,
          ),
        },
        {
          request,
          incoming,
          heads,
          log,
          beforeSuccess: async (uid) =>
            void (destination && (await routes.note(association, destination, uid))),
          stored: ({ handle, studyInstanceUid }) => this.#count(association.id, handle, studyInstanceUid),
        },
      )
    } catch (error) {
      if (codeOf(error) !== 'OUT_OF_RESOURCES') throw error
      log.error('intake refused: disk reserve reached')
      return { refuse: dimseStatus.outOfResources }
    }
  }

  associationEnded(association: AssociationInfo): void {
    const { routes, log } = this.#deps
    this.#putOnRecord(association).catch((error: unknown) =>
      log.error('audit line not written', { code: codeOf(error) }),
    )
    void routes.ended(association.id)
  }

  #destinationOf(calledAe: string): Destination | undefined {
    return this.#options.destinations.find(({ aeTitle }) => aeTitle === calledAe)
  }

  #count(associationId: string, handle: string, studyInstanceUid: string): void {
    const studies =
      this.#arrived.get(associationId) ?? new Map<string, { studyInstanceUid: string; count: number }>()
    const count = (studies.get(handle)?.count ?? 0) + 1
    this.#arrived.set(associationId, studies.set(handle, { studyInstanceUid, count }))
  }

  async #putOnRecord(association: AssociationInfo): Promise<void> {
    const studies = this.#arrived.get(association.id)
    this.#arrived.delete(association.id)
    for (const [handle, { studyInstanceUid, count }] of studies ?? []) {
      const study = await this.#deps.studies.studyByHandle(handle)
      await this.#deps.account.record({
        event: 'study-stored',
        outcome: 'success',
        ...(study === undefined ? {} : { patient: patientOnRecord(study) }),
        objects: { studyInstanceUids: [studyInstanceUid], count },
        protocol: `C-STORE ${association.callingAe} to ${association.calledAe}`,
        requestId: association.id,
      })
    }
  }
}
