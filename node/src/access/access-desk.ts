import { decideAccess } from '@twiin/consent'
import type { AccessDecision, AccessRequest, Decision } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import type { LocalPatient, StudyRecord } from '@twiin/study-store'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { ConsentSource } from '../consents/consent-source.ts'
import type { EmergencyQuota } from '../emergency/emergency-quota.ts'
import type { Shieldings } from '../consents/shieldings.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { OwnTokens } from '../publish/own-tokens.ts'

/** What a peer asks for, on behalf of a user. The asking organisation is whoever's certificate the channel has. */
export interface Asked {
  epoch: number
  loc: Uint8Array
  user: { id: string; name: string; role: string }
  purpose: AccessRequest['purpose']
  birthDate?: string
  relation?: 'registered'
}

export interface Judged {
  decision: AccessDecision
  bsn: Bsn | undefined
  patient: LocalPatient | undefined
  studies: StudyRecord[]
  /** The patient is marked here (spec 08 §7). */
  shielded: boolean
}

interface Deps {
  bundle: NetworkBundle
  ownTokens: OwnTokens
  patients: OwnPatients
  consents: ConsentBook
  shieldings: Shieldings
  /** Where else patients may have said something: Mitz. */
  source?: ConsentSource | undefined
  quota: Pick<EmergencyQuota, 'admits'>
  clock: Pick<Clock, 'now'>
}

/**
 * Whatever a peer wants to see of a patient, by search or retrieval, is decided here: once, deny by default (spec 04 §2,
 * 08 §5). What was sent to a peer rests on the offer instead, and is collected past this desk (spec 05 §5).
 */
export class AccessDesk {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async judge(asked: Asked, peerId: string): Promise<Judged> {
    const { bundle, ownTokens, patients, consents, shieldings, quota, clock } = this.#deps
    const isBeyondQuota = asked.purpose.basis === 'emergency' && !quota.admits(asked, peerId)
    const member = bundle.member(peerId)
    const bsn = this.#epochCounts(asked.epoch) ? await ownTokens.patientAt(asked.epoch, asked.loc) : undefined
    const patient = bsn === undefined ? undefined : await patients.find(bsn)
    const studies = bsn === undefined ? [] : await patients.studiesOf(bsn)
    const known = patient !== undefined && studies.length > 0
    const shielded = bsn !== undefined && (await shieldings.of(bsn)) !== undefined
    const decision = decideAccess(
      {
        // A certified peer that is not in the directory is nobody in particular: only consent for all could cover it.
        requester: member === undefined ? { ura: '' } : { ura: member.ura, category: member.category },
        isTesting: member?.state === 'testing',
        isBeyondQuota,
        user: asked.user,
        purpose: asked.purpose,
        relation: asked.relation ?? 'stated',
      },
      {
        known,
        age: { birthDate: patient?.birthDate ?? '', now: clock.now() },
        mitz: known && bsn !== undefined ? await this.#elsewhere(bsn, asked, peerId) : undefined,
        shielded,
        consents: bsn === undefined ? [] : await consents.of(bsn),
        // Who asks is in doubt, or whose images these are: nobody gets them.
        blocked: member === undefined || patient?.conflict === true,
        identityConflict: patient !== undefined && birthDatesDiffer(asked.birthDate, patient.birthDate),
      },
    )
    return { decision, bsn, patient, studies: decision.permitted ? studies : [], shielded }
  }

  /** What the patient said elsewhere about this very question. Not answered is unknown, and that is no. Never rejects. */
  async #elsewhere(bsn: Bsn, { user, purpose }: Asked, peerId: string): Promise<Decision | undefined> {
    const member = this.#deps.bundle.member(peerId)
    if (member === undefined || this.#deps.source === undefined) return undefined
    const { ura, category } = member
    return this.#deps.source.ask({ bsn, requester: { ura, category }, role: user.role, basis: purpose.basis })
  }

  #epochCounts(epoch: number): boolean {
    const current = this.#deps.bundle.current.index.epoch
    return epoch === current || epoch === current - 1
  }
}

const birthDatesDiffer = (asked: string | undefined, known: string) => asked !== undefined && asked !== known
