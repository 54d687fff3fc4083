import { reasonForPeer } from '@twiin/consent'
import { contentsAnswer, contentsRequest, limits } from '@twiin/protocol'
import type {
  ContentsAnswer,
  ContentsRequest,
  SeriesContents,
  Signer,
  StudyContents,
  VerifySignature,
} from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { EmergencyNotices } from '../emergency/emergency-notices.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { AccessDesk } from './access-desk.ts'
import type { RequestGuard } from './request-guard.ts'

interface Deps {
  desk: AccessDesk
  guard: RequestGuard
  emergencies: Pick<EmergencyNotices, 'note'>
  studies: Holdings
  account: Account
  signer: Signer<'twiin/answer/v1'>
  verify: VerifySignature
  clock: Clock
  log: Logger
}

/** The holder's side of a look into studies (spec 13 §5): judged like the search that showed them. On record first. */
export class ContentsAnswers {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Throws, and so resets the stream, when the signature is not this peer's. */
  async answer(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    const { message } = contentsRequest.open(bytes, peerId, this.#deps.verify)
    try {
      this.#deps.guard.check(message, peerId)
    } catch (error) {
      this.#deps.log.warn('contents refused', { peerId, code: codeOf(error) })
      await this.#record(message, peerId, {
        ...{ outcome: 'refused', reason: 'REQUEST_INVALID', countable: true },
      })
      return this.#refusal(message, 'REQUEST_INVALID')
    }
    const judged = await this.#deps.desk.judge(message, peerId)
    await this.#deps.emergencies.note(message, peerId, judged, 'searches', message.requestId)
    const { permitted, why, consent } = judged.decision
    const asked = new Set(message.studies)
    const studies = judged.studies.filter(({ studyInstanceUid }) => asked.has(studyInstanceUid))
    await this.#record(message, peerId, {
      outcome: permitted ? 'success' : 'refused',
      ...(why === 'PERMITTED' ? {} : { reason: why }),
      ...(judged.bsn === undefined ? {} : { patient: { citizenNumber: judged.bsn } }),
      ...(consent === undefined ? {} : { consent: consent.why }),
      objects: {
        studyInstanceUids: studies.map(({ studyInstanceUid }) => studyInstanceUid),
        count: studies.length,
      },
    })
    return why === 'PERMITTED' ? this.#contents(message, studies) : this.#refusal(message, reasonForPeer(why))
  }

  async #contents(message: ContentsRequest, studies: readonly StudyRecord[]): Promise<Uint8Array> {
    const room = { series: limits.seriesPerContents, instances: limits.instancesPerContents, more: false }
    const found: StudyContents[] = []
    for (const study of studies) found.push(await this.#study(message, study, room))
    return this.#sign({
      status: 'answered',
      requestId: message.requestId,
      issuedAt: this.#deps.clock.now(),
      studies: found,
      more: room.more,
    })
  }

  async #study(message: ContentsRequest, study: StudyRecord, room: Room): Promise<StudyContents> {
    const { studyInstanceUid: uid, studyTime, accessionNumber, studyId = '', referringPhysician = '' } = study
    const contents: StudyContents = {
      uid,
      ...(studyTime === '' ? {} : { time: studyTime }),
      accessionNumber: accessionNumber.slice(0, 64),
      studyId: studyId.slice(0, 64),
      referringPhysician: referringPhysician.slice(0, 256),
      seriesCount: study.series,
    }
    if (message.level === 'study') return contents
    const series = new Map<string, SeriesContents>()
    for await (const record of this.#deps.studies.series(study.handle)) {
      if (message.series !== undefined && record.seriesInstanceUid !== message.series) continue
      if (room.series === 0) {
        room.more = true
        break
      }
      room.series--
      series.set(record.seriesInstanceUid, seriesContents(record))
    }
    if (message.level === 'instance') {
      // A question is no reason to fetch a whole study from the archive.
      const isAtHand = (await this.#deps.studies.isAtHand?.(study)) ?? true
      if (isAtHand) await this.#instances(study, series, room)
      else room.more = true
    }
    return { ...contents, series: [...series.values()] }
  }

  async #instances(study: StudyRecord, series: Map<string, SeriesContents>, room: Room): Promise<void> {
    for (const one of series.values()) one.instances = []
    for await (const record of this.#deps.studies.instances(study.handle)) {
      const into = series.get(record.seriesInstanceUid)?.instances
      if (into === undefined) continue
      if (room.instances === 0) {
        room.more = true
        return
      }
      room.instances--
      const { instanceNumber, rows, columns, numberOfFrames } = record
      into.push({
        uid: record.sopInstanceUid,
        sopClass: record.sopClassUid,
        syntax: record.transferSyntaxUid,
        ...(isWhole(instanceNumber) ? { number: instanceNumber } : {}),
        ...(rows === undefined ? {} : { rows }),
        ...(columns === undefined ? {} : { columns }),
        ...(numberOfFrames === undefined || numberOfFrames < 0 ? {} : { frames: numberOfFrames }),
      })
    }
  }

  #refusal(message: ContentsRequest, reason: string): Uint8Array {
    const { requestId } = message
    return this.#sign({ status: 'refused', requestId, issuedAt: this.#deps.clock.now(), reason })
  }

  #sign(answer: ContentsAnswer): Uint8Array {
    return contentsAnswer.sign(answer, this.#deps.signer).bytes
  }

  async #record(
    message: ContentsRequest,
    peerId: string,
    line: Partial<Parameters<Account['record']>[0]>,
  ): Promise<void> {
    await this.#deps.account.record({
      event: line.outcome === 'success' ? 'search-answered' : 'search-refused',
      outcome: 'refused',
      user: message.user,
      peerId,
      purpose: message.purpose,
      protocol: 'spec 13 §5',
      requestId: Buffer.from(message.requestId).toString('hex'),
      ...line,
    })
  }
}

/** What the answer may still take, and whether anything was left out. */
interface Room {
  series: number
  instances: number
  more: boolean
}

function seriesContents(record: SeriesRecord): SeriesContents {
  const { seriesInstanceUid, modality, description, bodyPart, number, date, time, instances } = record
  return {
    uid: seriesInstanceUid,
    modality: modality.slice(0, 16),
    description: description.slice(0, 256),
    bodyPart: bodyPart.slice(0, 64),
    ...(isWhole(number) ? { number } : {}),
    ...(date === undefined ? {} : { date }),
    ...(time === undefined ? {} : { time }),
    count: instances,
  }
}

/** An IS of a data set may say more than 32 bits. */
const isWhole = (number: number | undefined): number is number =>
  number !== undefined && Number.isInteger(number) && Math.abs(number) <= 2_147_483_647
