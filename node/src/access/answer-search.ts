import { reasonForPeer } from '@twiin/consent'
import { limits, searchAnswer, searchRequest } from '@twiin/protocol'
import type { AnsweredStudy, SearchAnswer, SearchRequest, Signer, VerifySignature } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { EmergencyNotices } from '../emergency/emergency-notices.ts'
import type { AccessDesk, Judged } from './access-desk.ts'
import type { RequestGuard } from './request-guard.ts'

interface Deps {
  desk: AccessDesk
  guard: RequestGuard
  emergencies: Pick<EmergencyNotices, 'note'>
  account: Account
  signer: Signer<'twiin/answer/v1'>
  verify: VerifySignature
  clock: Clock
  log: Logger
}

/** The holder's side of a search (spec 04). On record before the answer leaves. */
export class SearchAnswers {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Throws, and so resets the stream, when the signature is not this peer's. */
  async answer(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    const { message } = searchRequest.open(bytes, peerId, this.#deps.verify)
    try {
      this.#deps.guard.check(message, peerId)
    } catch (error) {
      this.#deps.log.warn('search refused', { peerId, code: codeOf(error) })
      await this.#record(message, peerId, {
        ...{ outcome: 'refused', reason: 'REQUEST_INVALID', countable: true },
      })
      return this.#refusal(message, 'REQUEST_INVALID')
    }
    const judged = await this.#deps.desk.judge(message, peerId)
    await this.#deps.emergencies.note(message, peerId, judged, 'searches', message.requestId)
    const { permitted, why, consent } = judged.decision
    await this.#record(message, peerId, {
      outcome: permitted ? 'success' : 'refused',
      ...(why === 'PERMITTED' ? {} : { reason: why }),
      ...(judged.bsn === undefined ? {} : { patient: { citizenNumber: judged.bsn } }),
      ...(consent === undefined ? {} : { consent: consent.why }),
      objects: {
        studyInstanceUids: judged.studies.map(({ studyInstanceUid }) => studyInstanceUid),
        count: judged.studies.length,
      },
    })
    return why === 'PERMITTED' ? this.#answer(message, judged) : this.#refusal(message, reasonForPeer(why))
  }

  #answer(message: SearchRequest, { patient, studies }: Judged): Uint8Array {
    const shown = studies.slice(0, limits.studiesPerAnswer)
    return this.#sign({
      status: 'answered',
      requestId: message.requestId,
      issuedAt: this.#deps.clock.now(),
      patient: {
        name: patient?.name.slice(0, 256) ?? '',
        sex: patient?.sex.slice(0, 4) ?? '',
        ...(patient?.birthDate ? { birthDate: patient.birthDate } : {}),
      },
      studies: shown.map(answeredStudy),
      more: studies.length > shown.length,
    })
  }

  #refusal(message: SearchRequest, reason: string): Uint8Array {
    return this.#sign({
      status: 'refused',
      requestId: message.requestId,
      issuedAt: this.#deps.clock.now(),
      reason,
    })
  }

  #sign(answer: SearchAnswer): Uint8Array {
    return searchAnswer.sign(answer, this.#deps.signer).bytes
  }

  async #record(
    message: SearchRequest,
    peerId: string,
    line: Partial<Parameters<Account['record']>[0]>,
  ): Promise<void> {
    await this.#deps.account.record({
      event: line.outcome === 'success' ? 'search-answered' : 'search-refused',
      outcome: 'refused',
      user: message.user,
      peerId,
      purpose: message.purpose,
      protocol: 'spec 04 §2',
      requestId: Buffer.from(message.requestId).toString('hex'),
      ...line,
    })
  }
}

export function answeredStudy(study: StudyRecord): AnsweredStudy {
  return {
    studyInstanceUid: study.studyInstanceUid,
    handle: Buffer.from(study.handle, 'hex'),
    ...(study.studyDate === '' ? {} : { studyDate: study.studyDate }),
    modalities: study.modalities.slice(0, 16).map((modality) => modality.slice(0, 16)),
    description: study.description.slice(0, 256),
    instances: study.instances,
    bytes: study.bytes,
    reports: study.reports,
  }
}
