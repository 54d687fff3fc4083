import { parseBsn } from '@twiin/patient-token'
import type { PatientTokens } from '@twiin/patient-token'
import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Sealer } from '@twiin/store'
import { deriveLocation } from '@twiin/study-index'
import type { IndexReader } from '@twiin/study-index'
import type { Account } from '../account/account.ts'
import { answeredStudy } from '../access/answer-search.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { TreatmentRelations } from './treatment-relations.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { LiveEvents } from '../http/events.ts'
import type { Person } from '../people/people-file.ts'
import type { EmergencyAccesses } from '../emergency/emergency-accesses.ts'
import { purposeOf } from '../emergency/emergency-use.ts'
import type { HolderAnswer } from './ask-holder.ts'
import { askEverybody } from './ask-everybody.ts'
import { indexRows, isComplete } from './patient-search.ts'
import type { EmergencySearch, FoundStudy, Holder, PatientSearch } from './patient-search.ts'

const keptMs = 24 * 3_600_000
const mostKept = 5000

export interface SearchQuestion {
  bsn: string
  birthDate?: string
  purpose: PatientSearch['purpose']
  /** How it was asked for, for the audit line. */
  protocol?: string
}

interface Deps {
  tokens: PatientTokens
  reader: IndexReader
  bundle: NetworkBundle
  patients: OwnPatients
  ask: (search: PatientSearch, peerId: string) => Promise<HolderAnswer>
  /** What this hospital's own records show of a treatment (spec 08 §6). */
  relations: Pick<TreatmentRelations, 'of'>
  emergencies: Pick<EmergencyAccesses, 'find' | 'used' | 'isOpen'>
  account: Account
  sealer: Sealer
  events: LiveEvents
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** A radiologist finds a patient's studies everywhere (J4): token, index, then every holder at once. */
export class PatientSearches {
  readonly #self: { ura: string; name: string; peerId: string }
  readonly #deps: Deps
  readonly #searches = new Map<string, PatientSearch>()
  readonly #listeners = new Set<(search: PatientSearch) => void>()

  constructor(options: { self: { ura: string; name: string; peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * On record before anything is asked. Resolves once the token is there; holders answer later, see `find`.
   * Throws `BSN_INVALID`, `BASIS_NOT_SUPPORTED`, `EMERGENCY_NOT_OPEN`, `TOKEN_UNAVAILABLE`, `TOKEN_QUOTA_EXCEEDED`.
   */
  async begin(question: SearchQuestion, person: Person): Promise<string> {
    const bsn = parseBsn(question.bsn)
    const { tokens, account, clock, bundle, random, sealer } = this.#deps
    const id = Buffer.from(random(16)).toString('hex')
    const box = question.purpose.basis === 'emergency' ? this.#deps.emergencies.find(person, bsn) : undefined
    const purpose = box === undefined ? question.purpose : purposeOf(box)
    const line = {
      event: 'search',
      user: person,
      patient: { citizenNumber: bsn },
      purpose,
      requestId: id,
      ...(question.protocol === undefined ? {} : { protocol: question.protocol }),
    } as const
    // Referral is the basis of a send; an emergency is one that its person declared (spec 21).
    if (question.purpose.basis !== 'treatment' && box === undefined) {
      const reason = question.purpose.basis === 'emergency' ? 'EMERGENCY_NOT_OPEN' : 'BASIS_NOT_SUPPORTED'
      await account.record({ ...line, outcome: 'refused', reason })
      throw new TwiinError(reason)
    }
    const { epoch } = bundle.current.index
    let token
    try {
      ;[token] = await tokens.tokens([bsn], 'lookup', sealer.opaque('user', person.id))
    } catch (error) {
      await account.record({ ...line, outcome: 'failed', reason: codeOf(error) })
      throw error
    }
    // A token is of one epoch; which, nobody can say when it turned meanwhile. The next try knows.
    if (token === undefined || bundle.current.index.epoch !== epoch) throw new TwiinError('TOKEN_UNAVAILABLE')
    await account.record({ ...line, outcome: 'success' })
    if (box !== undefined) await this.#deps.emergencies.used(box.id, 'searches')
    const search: PatientSearch = {
      id,
      person,
      bsn,
      birthDate: question.birthDate,
      purpose,
      relation: await this.#deps.relations.of(bsn),
      ...(box === undefined ? {} : { emergency: emergencyOf(box) }),
      begunAt: clock.now(),
      epoch,
      loc: deriveLocation(token, epoch),
      holders: [],
      studies: [],
      index: { asked: 0, answered: 0 },
      indexRead: false,
    }
    this.#keep(search)
    await this.#lookHere(search)
    void this.#lookElsewhere(search, token)
    return id
  }

  /** Only for the person who asked. */
  find(id: string, person: Person): PatientSearch | undefined {
    const search = this.#searches.get(id)
    if (search !== undefined && this.#deps.clock.now() - search.begunAt > keptMs) return undefined
    return search?.person.id === person.id ? search : undefined
  }

  /** The same, to be looked into. A refusal is on record. Throws `NOT_FOUND`, `EMERGENCY_NOT_OPEN`: its box has ended. */
  async toLookInto(id: string, person: Person): Promise<PatientSearch> {
    const search = this.find(id, person)
    if (search === undefined) throw new TwiinError('NOT_FOUND')
    if (this.isAllowed(search)) return search
    const { bsn, purpose } = search
    const reason = 'EMERGENCY_NOT_OPEN'
    await this.#deps.account.record({
      ...{ event: 'refused', outcome: 'refused', reason, user: person, purpose, requestId: id },
      patient: { citizenNumber: bsn },
    })
    throw new TwiinError(reason)
  }

  /** Those of one person that still stand, newest first. */
  *of(person: Person): Generator<PatientSearch> {
    for (const id of [...this.#searches.keys()].reverse()) {
      const search = this.find(id, person)
      // What was found in an emergency is not looked into any more once it is over.
      if (search !== undefined && this.isAllowed(search)) yield search
    }
  }

  /** Whether the box under which it was asked is still open; true of what is no emergency. */
  isAllowed({ emergency }: PatientSearch): boolean {
    return emergency === undefined || this.#deps.emergencies.isOpen(emergency.id)
  }

  /** Told when a holder has answered, or the index was read. Returns the way to stop listening. */
  onChange(listener: (search: PatientSearch) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #lookHere(search: PatientSearch): Promise<void> {
    const patient = await this.#deps.patients.find(search.bsn)
    const studies = patient === undefined ? [] : await this.#deps.patients.studiesOf(search.bsn)
    if (patient === undefined || studies.length === 0) return
    const mismatch = search.birthDate !== undefined && search.birthDate !== patient.birthDate
    const status = mismatch
      ? { status: 'refused' as const, reason: 'IDENTITY_MISMATCH' }
      : { status: 'answered' as const }
    search.holders.push({ ...this.#self, ...status })
    if (mismatch) return
    search.patient = { name: patient.name, birthDate: patient.birthDate || null, sex: patient.sex }
    search.studies.push(...studies.map((study) => this.#row(answeredStudy(study), this.#self.ura, true)))
  }

  async #lookElsewhere(search: PatientSearch, token: Uint8Array): Promise<void> {
    try {
      const { publishers, asked, answered } = await this.#deps.reader.find(token)
      search.index = { asked, answered }
      const others = publishers.filter(({ peerId }) => peerId !== this.#self.peerId)
      const asking = others.map(({ peerId, ura, entry }) => {
        const name = this.#deps.bundle.member(peerId)?.name ?? ura
        const holder: Holder = { ura, name, peerId, status: 'pending' }
        search.holders.push(holder)
        return { holder, entry }
      })
      search.indexRead = true
      await Promise.all(
        asking.map(({ holder, entry }) => this.#askOne(search, holder, indexRows(entry, holder.ura))),
      )
    } catch (error) {
      this.#deps.log.warn('index not read', { search: search.id, code: codeOf(error) })
    } finally {
      search.indexRead = true
      this.#tell(search)
      if (search.emergency !== undefined) void this.#askTheOthers(search, search.emergency)
    }
  }

  /** Who was never asked for consent stands in no index: in an emergency everybody is asked (spec 21 §2). Never rejects. */
  async #askTheOthers(search: PatientSearch, emergency: EmergencySearch): Promise<void> {
    const known = new Set([this.#self.peerId, ...search.holders.map(({ peerId }) => peerId)])
    const others = this.#deps.bundle.current.members.filter(
      ({ peerId, state }) => state === 'exchanging' && !known.has(peerId),
    )
    await askEverybody(others, async ({ ura, name, peerId }) => {
      emergency.asked++
      const holder: Holder = { ura, name, peerId, status: 'pending' }
      await this.#hear(search, holder)
      if (holder.status === 'unreachable') emergency.unreachable++
      else if (holder.reason !== 'CONSENT_MISSING') search.holders.push(holder)
      this.#tell(search)
    })
    emergency.done = true
    this.#tell(search)
  }

  async #askOne(search: PatientSearch, holder: Holder, fromIndex: FoundStudy[]): Promise<void> {
    await this.#hear(search, holder)
    if (holder.status === 'unreachable') search.studies.push(...fromIndex)
    this.#tell(search)
  }

  /** What one holder says. Never rejects. */
  async #hear(search: PatientSearch, holder: Holder): Promise<void> {
    try {
      const { answer, knowsRelation } = await this.#deps.ask(search, holder.peerId)
      if (knowsRelation) holder.relation = 'registered'
      if (answer.status === 'answered') {
        search.studies.push(...answer.studies.map((study) => this.#row(study, holder.ura, false)))
        const { name, birthDate = null, sex } = answer.patient
        search.patient ??= { name, birthDate, sex }
        holder.status = 'answered'
      } else {
        holder.reason = answer.reason
        holder.status = 'refused'
      }
    } catch (error) {
      holder.reason = codeOf(error)
      holder.status = 'unreachable'
    }
    this.#deps.log.info('holder asked', {
      search: search.id,
      holder: holder.ura,
      status: holder.status,
      reason: holder.reason,
    })
  }

  #row(study: ReturnType<typeof answeredStudy>, holder: string, local: boolean): FoundStudy {
    const { handle, studyDate = null, ...rest } = study
    return {
      ...rest,
      handle: Buffer.from(handle).toString('hex'),
      studyDate,
      detail: 'holder',
      holder,
      local,
    }
  }

  #tell(search: PatientSearch): void {
    for (const listener of this.#listeners) listener(search)
    this.#deps.events.emit({
      kind: 'search',
      id: search.id,
      state: isComplete(search) ? 'complete' : 'pending',
    })
  }

  #keep(search: PatientSearch): void {
    this.#searches.set(search.id, search)
    for (const [id, { begunAt }] of this.#searches) {
      if (this.#searches.size <= mostKept && search.begunAt - begunAt <= keptMs) break
      this.#searches.delete(id)
    }
  }
}

const emergencyOf = ({ id, until }: { id: string; until: number }): EmergencySearch => ({
  ...{ id, until, asked: 0, unreachable: 0, done: false },
})
