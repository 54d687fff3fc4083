import { decideAccess } from '@twiin/consent'
import type { AccessDecision, AccessRequest, Holding } from '@twiin/consent'
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
  use?: 'share'
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
  readonly #options: { onwardSharing: 'permit' | 'refuse' }
  readonly #deps: Deps

  constructor(options: { onwardSharing: 'permit' | 'refuse' }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** `again`: what was admitted already and is still open; of the emergencies of a member it is not another one. */
  async judge(asked: Asked, peerId: string, { again = false } = {}): Promise<Judged> {
    const { bundle, ownTokens, patients, consents, shieldings, quota, clock } = this.#deps
    const member = bundle.member(peerId)
    const isOutsider = member === undefined
    const isBeyondQuota =
      !again && !isOutsider && asked.purpose.basis === 'emergency' && !quota.admits(asked, peerId)
    const bsn = this.#epochCounts(asked.epoch) ? await ownTokens.patientAt(asked.epoch, asked.loc) : undefined
    const patient = bsn === undefined ? undefined : await patients.find(bsn)
    const studies = bsn === undefined ? [] : await patients.studiesOf(bsn)
    const known = patient !== undefined && studies.length > 0
    const shielded = bsn !== undefined && (await shieldings.of(bsn)) !== undefined
    const request: AccessRequest = {
      requester: member === undefined ? { ura: '' } : { ura: member.ura, category: member.category },
      isOutsider,
      isTesting: member?.state === 'testing',
      isBeyondQuota,
      user: asked.user,
      purpose: asked.purpose,
      relation: asked.relation ?? 'stated',
      isToShare: asked.use === 'share',
    }
    const holding: Holding = {
      known,
      age: { birthDate: patient?.birthDate ?? '', now: clock.now() },
      shielded,
      consents: bsn === undefined ? [] : await consents.of(bsn),
      // Whose images these are is in doubt: nobody gets them.
      blocked: patient?.conflict === true,
      identityConflict: patient !== undefined && birthDatesDiffer(asked.birthDate, patient.birthDate),
      onwardSharing: this.#options.onwardSharing,
    }
    const decision = await this.#decide(request, holding, bsn)
    // Nothing that is done with what was judged may take longer of a patient who is known: no notice of an outsider.
    return {
      decision,
      bsn,
      patient: isOutsider ? undefined : patient,
      studies: decision.permitted ? studies : [],
      shielded,
    }
  }

  /**
   * First without Mitz: it is asked only when what is on record comes to consent and no objection stands here. Otherwise
   * a question that is refused anyway would take longer of a patient who is known (spec 08 §8).
   */
  async #decide(request: AccessRequest, holding: Holding, bsn: Bsn | undefined): Promise<AccessDecision> {
    const here = decideAccess(request, holding)
    const { source, consents, shieldings } = this.#deps
    const { ura, category } = request.requester
    if (source === undefined || bsn === undefined || category === undefined) return here
    if (here.consent === undefined || here.consent.why === 'explicit-deny') return here
    const mitz = await source.ask({ bsn, requester: { ura, category }, basis: request.purpose.basis })
    // What was said here while it was being asked counts as well.
    const shielded = (await shieldings.of(bsn)) !== undefined
    return decideAccess(request, { ...holding, shielded, consents: await consents.of(bsn), mitz })
  }

  #epochCounts(epoch: number): boolean {
    const current = this.#deps.bundle.current.index.epoch
    return epoch === current || epoch === current - 1
  }
}

const birthDatesDiffer = (asked: string | undefined, known: string) => asked !== undefined && asked !== known
