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
import type { Logger, Service } from '@twiin/runtime'
import type { StudyStore } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { ExceptionWorklist } from '../filing/exception-worklist.ts'
import type { FollowUps } from '../reports/follow-ups.ts'
import type { Person } from '../people/people-file.ts'
import type { CompleteStudies } from '../routing/complete-studies.ts'
import { conflictNotice } from './conflict-notice.ts'
import { InstanceReception } from './receive-instance.ts'
import type { Destination, RouteToRecipient } from './route-to-recipient.ts'

export interface IntakeOptions {
  aeTitle: string
  callingAeTitles: readonly string[]
  /** Who may associate, but not store. */
  queryingAeTitles: readonly string[]
  destinations: readonly Destination[]
  patientIdIssuer: string
  citizenNumberInLegacyField: readonly string[]
}

interface Deps {
  studies: StudyStore
  heads: HeadReader
  routes: RouteToRecipient
  /** Reports and rejection notes may have to go on to others (spec 20 §3). */
  followUps: FollowUps
  complete: Pick<CompleteStudies, 'arrived' | 'associationEnded'>
  worklist: ExceptionWorklist
  account: Account
  log: Logger
}

interface Arrived {
  handle: string
  studyInstanceUid: string
  refused: boolean
  count: number
}

/** A study enters the hospital's node: from a modality or PACS, by C-STORE (journey J2, J3; spec dicom-conformance). */
export class Intake implements StoreProvider, Service {
  readonly name = 'intake'
  readonly #options: IntakeOptions
  readonly #deps: Deps
  /** By association, then study and what became of it. */
  readonly #arrived = new Map<string, Map<string, Arrived>>()
  readonly #beingRecorded = new Set<Promise<void>>()

  constructor(options: IntakeOptions, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  admit({ callingAe, calledAe }: AssociationInfo): Admittance {
    const { callingAeTitles, queryingAeTitles } = this.#options
    if (!callingAeTitles.includes(callingAe) && !queryingAeTitles.includes(callingAe))
      return 'calling-ae-not-recognized'
    const known = calledAe === this.#options.aeTitle || this.#destinationOf(calledAe) !== undefined
    return known ? 'accept' : 'called-ae-not-recognized'
  }

  /** `byUser`: a person who may store does, not a machine. `studyInstanceUid`: instances of any other study are refused. */
  async openStore(
    request: StoreRequest,
    { studyInstanceUid, byUser }: { studyInstanceUid?: string; byUser?: true } = {},
  ): Promise<StoreSink | { refuse: StoreStatus }> {
    const { association, ...facts } = request
    const { studies, heads, routes, followUps, complete, worklist, log } = this.#deps
    if (byUser !== true && !this.#options.callingAeTitles.includes(association.callingAe))
      return { refuse: dimseStatus.notAuthorised }
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
          ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
        },
        {
          request,
          incoming,
          heads,
          log,
          beforeSuccess: async ({ handle, studyInstanceUid }) => {
            // What is stored for one hospital goes there, and rules are not asked (spec 17 §4).
            if (destination === undefined) await complete.arrived(handle, association.id)
            else await routes.note(association, destination, studyInstanceUid)
            const { sopInstanceUid } = request
            if (followUps.concerns(request))
              await followUps.note({ owner: 'local', studyInstanceUid, sopInstanceUid })
          },
          keptAside: async (handle, arrived) => {
            const study = await studies.studyByHandle(handle)
            if (study === undefined) return
            const from = { ura: '', name: association.callingAe }
            await worklist.raise(conflictNotice(study, { ...arrived, from }))
            this.#count(association.id, { ...study, refused: true })
          },
          stored: (study) => this.#count(association.id, { ...study, refused: false }),
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
    const recorded: Promise<void> = this.putOnRecord(association)
      .catch((error: unknown) => log.error('audit line not written', { code: codeOf(error) }))
      .finally(() => this.#beingRecorded.delete(recorded))
    this.#beingRecorded.add(recorded)
    void routes.ended(association.id)
  }

  /** After the doors: what came in by associations that have just ended is on record when it resolves. */
  async stop(): Promise<void> {
    await Promise.all(this.#beingRecorded)
  }

  /** What came in one association or request, once it is over. `by`: the user who stored it, and how. */
  async putOnRecord(
    association: AssociationInfo,
    by: { user?: Person; protocol: string } = {
      protocol: `C-STORE ${association.callingAe} to ${association.calledAe}`,
    },
  ): Promise<void> {
    const studies = this.#arrived.get(association.id)
    this.#arrived.delete(association.id)
    this.#deps.complete.associationEnded(association.id)
    for (const { handle, studyInstanceUid, refused, count } of studies?.values() ?? []) {
      const study = await this.#deps.studies.studyByHandle(handle)
      await this.#deps.account.record({
        event: 'study-stored',
        ...(refused ? { outcome: 'refused', reason: 'INSTANCE_CONFLICT' } : { outcome: 'success' }),
        ...by,
        ...(study === undefined ? {} : { patient: patientOnRecord(study) }),
        objects: { studyInstanceUids: [studyInstanceUid], count },
        requestId: association.id,
      })
    }
  }

  #destinationOf(calledAe: string): Destination | undefined {
    return this.#options.destinations.find(({ aeTitle }) => aeTitle === calledAe)
  }

  #count(associationId: string, study: Omit<Arrived, 'count'>): void {
    const { handle, studyInstanceUid, refused } = study
    const studies = this.#arrived.get(associationId) ?? new Map<string, Arrived>()
    const key = `${handle} ${refused}`
    const count = (studies.get(key)?.count ?? 0) + 1
    this.#arrived.set(associationId, studies.set(key, { handle, studyInstanceUid, refused, count }))
  }
}
