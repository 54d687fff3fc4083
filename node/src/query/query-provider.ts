import { decodeIdentifier, encodeIdentifier, textOf, textsOf } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { dimseStatus, queryRetrieve } from '@twiin/dimse'
import type { DimseProvider, MoveRequest, QueryRequest, RetrievedInstance, SubOperations } from '@twiin/dimse'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { refusal } from './application-entities.ts'
import type { ApplicationEntities } from './application-entities.ts'
import { dataSetOf, moveInstances } from './move-instances.ts'
import type { Asker, QueryLevel, QueryMatch } from './query.ts'
import type { QueryDesk } from './query-desk.ts'
import { key } from './query-keys.ts'
import { pickKeys } from './pick-keys.ts'
import type { StudyParts } from './study-parts.ts'
import type { Holdings } from '../holdings/holdings.ts'

interface Deps {
  entities: ApplicationEntities
  desk: QueryDesk
  parts: StudyParts
  studies: Holdings
  log: Logger
}

const levels: readonly string[] = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE']
const uniqueKeys = [
  ['SERIES', key.studyInstanceUid],
  ['IMAGE', key.seriesInstanceUid],
] as const
/** What a retrieval names below the study: without it, it would be of the whole study (PS3.4 C.4.2.2.1). */
const retrievalKeys: Readonly<Partial<Record<QueryLevel, readonly string[]>>> = {
  SERIES: [key.seriesInstanceUid],
  IMAGE: [key.seriesInstanceUid, key.sopInstanceUid],
}

/** C-FIND, C-MOVE and C-GET of this hospital's systems (spec 13 §3, §4; PS3.4 annex C). */
export class QueryProvider implements Required<Pick<DimseProvider, 'find' | 'move' | 'get'>> {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async *find(request: QueryRequest): AsyncGenerator<Uint8Array> {
    const asker = this.#deps.entities.asker(request.association, 'C-FIND')
    const { keys, level } = await this.#question(request, queryRetrieve.find.studyRoot)
    for (const [below, unique] of uniqueKeys) {
      // PS3.4 C.4.1.1.4: unique keys above the level say where to look.
      if (level === below && textOf(keys, unique) === '')
        throw mismatch('unique key of the level above is missing')
    }
    const run = this.#deps.desk.find({ level, keys, asker, signal: request.signal })
    const prefers = textOf(keys, '00080005')
    let answers = 0
    for await (const match of this.#coded(run)) {
      answers++
      yield encodeIdentifier(pickKeys(match.attributes, keys, level), request.transferSyntaxUid, { prefers })
    }
    const { silent, truncated } = run.outcome
    if (silent.length > 0) {
      const [{ status, reason } = { status: '', reason: '' }] = silent
      this.#deps.log.info('query incomplete', { by: asker.by, silent: silent.length, status, reason })
    }
    if (truncated)
      throw refusal(dimseStatus.outOfResources, 'more than one answer holds: name a patient or day')
    if (answers > 0 && silent.length > 0) throw new TwiinError('DIMSE_REMARK', { comment: commentOn(silent) })
    // Nothing found is only an answer when everybody was heard.
    if (answers === 0 && silent.length > 0) throw refusal(0xc001, commentOn(silent))
  }

  async *move(request: MoveRequest): AsyncGenerator<SubOperations> {
    const asker = this.#deps.entities.asker(request.association, 'C-MOVE')
    const destination = this.#deps.entities.destination(request.destinationAe)
    const { keys, level } = await this.#question(request, queryRetrieve.move.studyRoot)
    const uids = await this.#studiesIn(keys, level, asker, request.signal)
    const originator = { aeTitle: request.association.callingAe, messageId: request.messageId }
    const count = new Counters(uids.length)
    for (const [at, uid] of uids.entries()) {
      const unknownAfter = uids.length - at - 1
      for await (const part of this.#deps.parts.of(uid, keys, asker, request.signal)) {
        if (part.kind === 'coming') yield count.with(part.expected + unknownAfter)
        else if (part.kind === 'failed') yield count.lost(part.expected, part.reason, unknownAfter)
        else {
          const left = new Set(part.instances.map(({ sopInstanceUid }) => sopInstanceUid))
          yield count.with(left.size + unknownAfter)
          const work = { destination, originator, ...part }
          for await (const { sopInstanceUid, outcome } of moveInstances(work, request.signal, this.#deps)) {
            left.delete(sopInstanceUid)
            yield count.add(outcome, sopInstanceUid, left.size + unknownAfter)
          }
          // What the destination never heard of, because it was not there.
          for (const missed of left) count.add('failed', missed, 0)
          yield count.with(unknownAfter)
        }
      }
    }
    if (count.onlyReason !== undefined)
      throw refusal(dimseStatus.unableToPerformSubOperations, count.onlyReason)
    yield count.with(0)
  }

  async *get(request: QueryRequest): AsyncGenerator<RetrievedInstance> {
    const asker = this.#deps.entities.asker(request.association, 'C-GET')
    const { keys, level } = await this.#question(request, queryRetrieve.get.studyRoot)
    const uids = await this.#studiesIn(keys, level, asker, request.signal)
    const count = new Counters(uids.length)
    for (const [at, uid] of uids.entries()) {
      for await (const part of this.#deps.parts.of(uid, keys, asker, request.signal)) {
        if (part.kind === 'failed') count.lost(part.expected, part.reason, 0)
        if (part.kind !== 'here') continue
        let remaining = part.instances.length + uids.length - at - 1
        for (const instance of part.instances) {
          const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance
          const dataSet = () => dataSetOf(instance, part.overlay, this.#deps.studies)
          count.add('completed', sopInstanceUid, 0)
          yield { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet, remaining: --remaining }
        }
      }
    }
    if (count.reasons.length === 0) return
    const [reason = ''] = count.reasons
    const status =
      count.onlyReason === undefined
        ? dimseStatus.subOperationsWithFailures
        : dimseStatus.unableToPerformSubOperations
    throw refusal(status, reason)
  }

  /** The studies that a retrieval names: by their UIDs, or all of one patient. */
  async #studiesIn(
    keys: Attributes,
    level: QueryLevel,
    asker: Asker,
    signal: AbortSignal,
  ): Promise<string[]> {
    const uids = [...new Set(textsOf(keys, key.studyInstanceUid))].filter((uid) => uid !== '')
    if (level !== 'PATIENT') {
      if (uids.length === 0) throw mismatch('no Study Instance UID')
      for (const unique of retrievalKeys[level] ?? [])
        if (!namesSomething(keys, unique)) throw mismatch('unique key of the level, or above it, is missing')
      return uids
    }
    if (textOf(keys, key.patientId) === '') throw mismatch('no Patient ID')
    const found: string[] = []
    for await (const match of this.#coded(this.#deps.desk.find({ level: 'STUDY', keys, asker, signal }))) {
      found.push(match.studyInstanceUid)
    }
    return found
  }

  async #question(
    request: QueryRequest,
    studyRoot: string,
  ): Promise<{ keys: Attributes; level: QueryLevel }> {
    let keys: Attributes
    try {
      keys = await decodeIdentifier(request.identifier, request.transferSyntaxUid)
    } catch (error) {
      if (!isTwiinError(error, 'DICOM_UNREADABLE')) throw error
      throw refusal(dimseStatus.cannotUnderstand, String(error.facts['reason'] ?? ''))
    }
    const level = textOf(keys, key.level).trim().toUpperCase()
    if (!levels.includes(level)) throw mismatch('no Query/Retrieve Level')
    if (level === 'PATIENT' && request.sopClassUid === studyRoot)
      throw mismatch('no such level in this model')
    return { keys, level: level as QueryLevel }
  }

  /** Its errors as a peer understands them. */
  async *#coded(matches: AsyncIterable<QueryMatch>): AsyncGenerator<QueryMatch> {
    try {
      yield* matches
    } catch (error) {
      if (isTwiinError(error, 'BSN_INVALID')) throw mismatch('the number under NLMINBIZA is no BSN')
      throw error
    }
  }
}

const namesSomething = (keys: Attributes, unique: string) =>
  textsOf(keys, unique).some((uid) => uid !== '') && !textsOf(keys, unique).some((uid) => /[*?]/.test(uid))
const mismatch = (why: string) => refusal(dimseStatus.dataSetMismatch, why)

function commentOn(silent: readonly { ura: string; status: string; reason: string }[]): string {
  const hospitals = silent.filter(({ ura }) => ura !== '')
  const [first] = silent
  return hospitals.length === 0
    ? `others not asked: ${first?.reason ?? ''}`
    : `no answer from ${hospitals.length} hospital(s): ${hospitals[0]?.reason ?? ''}`
}

/** How a retrieval of several studies stands. */
class Counters {
  readonly reasons: string[] = []
  readonly #failed: string[] = []
  #completed = 0
  #warning = 0
  #lost = 0

  constructor(studies: number) {
    if (studies === 0) this.reasons.push('STUDY_UNKNOWN')
  }

  /** Why nothing at all got through, when that has one reason. */
  get onlyReason(): string | undefined {
    return this.#completed + this.#warning === 0 ? this.reasons[0] : undefined
  }

  with(remaining: number): SubOperations {
    return {
      remaining,
      completed: this.#completed,
      failed: this.#failed.length + this.#lost,
      warning: this.#warning,
      failedSopInstanceUids: this.#failed,
    }
  }

  add(outcome: 'completed' | 'warning' | 'failed', sopInstanceUid: string, remaining: number): SubOperations {
    if (outcome === 'completed') this.#completed++
    else if (outcome === 'warning') this.#warning++
    else this.#failed.push(sopInstanceUid)
    return this.with(remaining)
  }

  /** A study of which nobody knows the instances. */
  lost(instances: number, reason: string, remaining: number): SubOperations {
    this.#lost += Math.max(1, instances)
    this.reasons.push(reason)
    return this.with(remaining)
  }
}
