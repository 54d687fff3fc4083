import type { EgressOverlay } from '@twiin/dicom'
import { passesElevenTest } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { InstanceRecord, LocalPatient, StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { Holdings } from '../holdings/holdings.ts'
import {
  compareWith,
  decideFiling,
  differencesBetween,
  externalNumber,
  numberForStudy,
} from './decide-filing.ts'
import type { Difference, Filing, IncomingPatient } from './decide-filing.ts'
import { shownComparison } from './exception-worklist.ts'
import type { ExceptionWorklist, Resolution, WorkItem } from './exception-worklist.ts'
import { isIssuedAsBsn } from './mask-bsn.ts'
import type { PatientsHere } from './patients-here.ts'

/** How a study from elsewhere was filed, kept so that sending it again gives the same bytes. */
export interface Filed {
  patientId: { id: string; issuer: string }
  accession?: { number: string; issuer: string }
  source: string
  at: number
  /** This hospital had made the study itself: what lies in its archive under the UID stays its own. */
  besideOwn?: true
}

/** What goes to the PACS, and under which identifiers what came from elsewhere goes. */
export type FilingOutcome =
  { instances: readonly InstanceRecord[]; overlay: EgressOverlay } | { held: true } | { rejected: true }

interface Deps {
  studies: Holdings
  patients: PatientsHere
  worklist: ExceptionWorklist
  /** `<study handle>.<URA of the holder>` → how it was filed. */
  filed: Repository<Filed>
  account: Account
  sealer: Sealer
  clock: Clock
}

export interface ToFile {
  transferId: string
  /** As this holder gave it. */
  study: StudyRecord
  /** Those that this transfer brought. */
  instances: readonly InstanceRecord[]
  holder: { ura: string; name: string }
  /** The BSN a user searched by, when that is how the study came. */
  bsn: string | undefined
  /** Number of this hospital that a person gave for the patient, having compared another identifier (spec 19 §4). */
  stated?: { localId: string } | undefined
}

/** Decides under which number a study enters the PACS, or puts it on the worklist (ADR 0004). */
export class FileStudy {
  readonly #options: { patientIdIssuer: string; modifyingSystem: string }
  readonly #deps: Deps

  constructor(options: { patientIdIssuer: string; modifyingSystem: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /**
   * The same for every attempt at the same contents, and another when anything was added: a decision is about what was
   * seen. Keyed, since patient facts are in it and it names a record on disk.
   */
  #itemId({ transferId, study, instances, bsn }: ToFile): string {
    const contents = instances.map(({ sopInstanceUid, sha256 }) => `${sopInstanceUid} ${hex(sha256)}`)
    const text = JSON.stringify([study.patient, study.identityConflict, bsn, contents.sort()])
    return `${transferId}.${study.handle}.${this.#deps.sealer.opaque('filing', text)}`
  }

  /** Whether this holder's copy of the study went to the PACS under some number. */
  isFiled(handle: string, { ura }: { ura: string }): Promise<boolean> {
    return this.#deps.filed.has(`${handle}.${ura}`)
  }

  /** Durable, and on record, when it resolves. Throws `INSTANCE_CONFLICT`. */
  async file(work: ToFile): Promise<FilingOutcome> {
    const instances = await this.#besideOwn(work.instances)
    const item = await this.#deps.worklist.get(this.#itemId(work))
    const decision = item?.resolution?.decision
    if (decision === 'reject') return { rejected: true }
    const incoming = incomingPatient(work)
    const filing =
      item === undefined || decision === undefined
        ? await this.#judge(work, incoming)
        : await this.#resolved(decision, item, work, incoming)
    if (filing.as === 'held') {
      const { local, differences, comparison } = filing
      const kind = filing.withItself === true ? 'IDENTITY_CONFLICT' : 'PATIENT_CONFLICT'
      await this.#raise(work, incoming, local, {
        ...{ kind, state: 'open', differences },
        ...(comparison === undefined ? {} : { comparison: shownComparison(comparison) }),
      })
      return { held: true }
    }
    if (filing.as === 'external' && filing.apart !== undefined) {
      const notice = { kind: 'PATIENT_CONFLICT', state: 'notice', differences: [] } as const
      await this.#raise(work, incoming, filing.apart, notice)
    }
    return { instances, overlay: await this.#overlay(work, filing.patientId) }
  }

  /** What this hospital made itself stays as it is in its PACS: nothing from elsewhere takes its place. */
  async #besideOwn(instances: readonly InstanceRecord[]): Promise<InstanceRecord[]> {
    const beside: InstanceRecord[] = []
    for (const instance of instances) {
      const own = await this.#deps.studies.instanceByUid(instance.sopInstanceUid)
      if (own !== undefined && !Buffer.from(own.sha256).equals(instance.sha256))
        throw new TwiinError('INSTANCE_CONFLICT')
      beside.push(own ?? instance)
    }
    return beside
  }

  async #judge(work: ToFile, incoming: IncomingPatient): Promise<Filing> {
    const decided = await this.#decide(work, incoming)
    return decided.as === 'held' ? decided : ((await this.#doubtAbout(work, incoming)) ?? decided)
  }

  async #decide(work: ToFile, incoming: IncomingPatient): Promise<Filing> {
    const { studies } = this.#deps
    const { patientIdIssuer } = this.#options
    const bsn = incoming.bsn ?? work.bsn
    const own = await studies.studyByUid(work.study.studyInstanceUid)
    const here = this.#deps.patients
    return decideFiling(
      { ...incoming, bsn },
      {
        holderUra: work.holder.ura,
        studyInstanceUid: work.study.studyInstanceUid,
        ownIssuer: patientIdIssuer,
        ...(await here.candidates({ ...incoming, bsn })),
        sameStudy: own === undefined ? undefined : await here.now(patientIn(own)),
        stated: work.stated?.localId,
        disguised: this.#disguised(work),
        numbered: (id) => here.numbered({ localId: id, issuer: patientIdIssuer }),
      },
    )
  }

  /**
   * A BSN is no part of a number that other systems show and log as if it were a hospital's own: in its place one that is
   * the same for the same BSN, and that nobody without this node's key can turn back (spec 16 §3).
   */
  #disguised({ study }: ToFile): string | undefined {
    const { localId, issuer, citizenNumbers } = study.patient
    const isBsn = localId !== '' && (isIssuedAsBsn(issuer) || citizenNumbers.includes(localId))
    return isBsn ? this.#deps.sealer.opaque('external number', localId) : undefined
  }

  /** Instances that disagree on who the patient is, or state another BSN than was searched by: a person has to look. */
  async #doubtAbout(work: ToFile, incoming: IncomingPatient): Promise<Held | undefined> {
    const stated = work.study.patient.citizenNumbers
    const bsnDiffers = work.bsn !== undefined && stated.length > 0 && incoming.bsn !== work.bsn
    if (!work.study.identityConflict && !bsnDiffers) return undefined
    const [searched] =
      work.bsn === undefined
        ? []
        : (await this.#deps.patients.candidates({ ...incoming, bsn: work.bsn })).byCitizenNumber
    if (!bsnDiffers || searched === undefined)
      return {
        as: 'held',
        local: patientIn(work.study),
        differences: bsnDiffers ? ['bsn'] : [],
        withItself: true,
      }
    const differences = new Set<Difference>(['bsn', ...differencesBetween(incoming, searched)])
    const comparison = compareWith(incoming, searched)
    return { as: 'held', local: searched, differences: [...differences], comparison }
  }

  /** What a person decided. Filing is never by a number that only the study itself gives as one of ours. */
  async #resolved(
    decision: Exclude<Resolution, 'reject'>,
    item: WorkItem,
    work: ToFile,
    incoming: IncomingPatient,
  ): Promise<Filing> {
    if (decision === 'same-patient' && item.kind === 'PATIENT_CONFLICT') {
      // Merged since it was asked: under the number that survived.
      const { localId, issuer } = (await this.#deps.patients.numbered(item.local)) ?? item.local
      return { as: 'local', patientId: { id: localId, issuer } }
    }
    const decided = await this.#decide(work, incoming)
    if (decision === 'same-patient' && decided.as !== 'held') return decided
    const { studyInstanceUid } = work.study
    const external = externalNumber(this.#disguised(work) ?? incoming.localId, {
      holderUra: work.holder.ura,
      studyInstanceUid,
    })
    const { patientIdIssuer } = this.#options
    const taken = await this.#deps.patients.numbered({ localId: external.id, issuer: patientIdIssuer })
    return {
      as: 'external',
      patientId: taken === undefined ? external : numberForStudy(work.holder.ura, studyInstanceUid),
    }
  }

  async #raise(
    work: ToFile,
    incoming: IncomingPatient,
    local: LocalPatient,
    how: Pick<WorkItem, 'kind' | 'state' | 'differences' | 'comparison'>,
  ): Promise<void> {
    const { studyInstanceUid, studyDate, description, modalities } = work.study
    const { localId, issuer, name, birthDate, sex, citizenNumber } = local
    await this.#deps.worklist.raise({
      id: this.#itemId(work),
      ...how,
      transferId: work.transferId,
      study: { studyInstanceUid, studyDate, description, modalities },
      incoming: { ...incoming, from: { ura: work.holder.ura, name: work.holder.name } },
      local: {
        localId,
        issuer,
        name,
        birthDate,
        sex,
        ...(citizenNumber === undefined ? {} : { bsn: citizenNumber }),
      },
    })
  }

  /** The one of the first time while the number stays the same, so that every instance always goes out the same. */
  async #overlay(work: ToFile, patientId: { id: string; issuer: string }): Promise<EgressOverlay> {
    const { filed, clock, account } = this.#deps
    const { study, holder } = work
    const key = `${study.handle}.${holder.ura}`
    let entry = await filed.get(key)
    if (entry?.patientId.id !== patientId.id || entry.patientId.issuer !== patientId.issuer) {
      const own = await this.#deps.studies.studyByUid(study.studyInstanceUid)
      entry = {
        ...{ patientId, source: asciiName(holder), at: clock.now(), ...accessionOf(study, holder) },
        ...(own === undefined ? {} : { besideOwn: true }),
      }
      await account.record({
        event: 'study-filed',
        outcome: 'success',
        patient: { ...patientOnRecord(study), localId: patientId.id },
        objects: { studyInstanceUids: [study.studyInstanceUid], count: study.instances },
        protocol: 'ADR 0004',
        requestId: work.transferId,
      })
      await filed.put(key, entry)
    }
    return { ...entry, modifyingSystem: this.#options.modifyingSystem, at: new Date(entry.at) }
  }
}

type Held = Extract<Filing, { as: 'held' }>

/** An accession number that is none (SH: 16 characters, no backslash) stays as it came. */
function accessionOf(
  { accessionNumber: number }: StudyRecord,
  holder: { ura: string },
): Pick<Filed, 'accession'> {
  const fits = /^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(number)
  return fits ? { accession: { number, issuer: `TWIIN:${holder.ura}` } } : {}
}

const asciiName = ({ name, ura }: { name: string; ura: string }) =>
  name
    .normalize('NFKD')
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '')
    .slice(0, 64) || ura

function incomingPatient({ study }: ToFile): IncomingPatient {
  const { localId, issuer, name, birthDate, sex, citizenNumbers } = study.patient
  const [number = '', ...others] = citizenNumbers
  const bsn = others.length === 0 && passesElevenTest(number) ? number : undefined
  return { localId, issuer, name, birthDate, sex, bsn }
}

/** As the study states him; when it contradicts itself both sides of the conflict are in it. */
function patientIn({ patient, identityConflict }: StudyRecord): LocalPatient {
  const { localId, issuer, name, birthDate, sex, citizenNumbers } = patient
  const [number, ...others] = citizenNumbers
  const only = number !== undefined && others.length === 0 ? { citizenNumber: number } : {}
  return { localId, issuer, name, birthDate, sex, conflict: identityConflict, ...only }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
