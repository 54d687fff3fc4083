import { TwiinError } from '@twiin/runtime'
import type { Repository, Sealer, Store, Update } from '@twiin/store'
import { familyKeys } from '../filing/names-agree.ts'
import type { KnownPatient, PatientNumber, PatientsKnown } from './known-patient.ts'
import type { StatedPatient } from './read-pid.ts'

/** A patient as stored, under one number of this hospital. Sealed on disk. */
export interface StoredLocalPatient extends KnownPatient {
  /** Whose number it is now. */
  mergedInto?: PatientNumber
  /** Numbers that were merged into this one. */
  merged: readonly PatientNumber[]
  /** The last message that counted: an earlier one, worked off later, changes nothing. */
  upTo: string
}

/** Whom something changed for: numbers, and BSNs they had before or have now. */
export interface PatientChange {
  numbers: readonly PatientNumber[]
  bsns: readonly string[]
}

interface Deps {
  store: Store
  /** opaque number → patient */
  patients: Repository<StoredLocalPatient>
  /** `<opaque BSN, or day and name>/<opaque number>` → number */
  index: Repository<PatientNumber>
  sealer: Sealer
}

const mostMerged = 200
const longestChain = 32
/** Beyond this a day and a name are no longer an indication. */
const mostFound = 64

/**
 * The patients of this hospital as its patient administration states them (spec 16 §1). Every change is durable when it
 * resolves, and doing it again changes nothing.
 */
export class LocalPatients implements PatientsKnown {
  readonly #deps: Deps
  readonly #listeners = new Set<(change: PatientChange) => void>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What a message says of who has this number (A01, A08, …). */
  async state(number: PatientNumber, stated: StatedPatient, upTo: string): Promise<void> {
    const change = await this.#update([number], async (tx) => {
      const before = await this.#read(tx, number)
      if (before !== undefined && before.upTo >= upTo) return nothing
      const after = withStated(before ?? newPatient(number), stated, upTo)
      this.#write(tx, before, after)
      return { numbers: [number], bsns: bsnsOf(before, after) }
    })
    this.#tell(change)
  }

  /** `prior` is no number any more: whoever had it has `survivor` (A40, A18, A34, A47). */
  async merge(prior: PatientNumber, survivor: PatientNumber, upTo: string): Promise<void> {
    if (isSame(prior, survivor)) throw new TwiinError('HL7_CONTENT', { error: 204, location: 'MRG^1^1' })
    const change = await this.#update([prior, survivor], async (tx) => {
      const from = (await this.#read(tx, prior)) ?? newPatient(prior)
      if (from.upTo >= upTo) return nothing
      const into = (await this.#read(tx, survivor)) ?? newPatient(survivor)
      const { mergedInto, ...alive } = into
      // The other way round than before: what the hospital said last holds.
      const backAgain = mergedInto !== undefined && isSame(mergedInto, prior)
      const others = [...from.merged, prior].filter((number) => !isSame(number, survivor))
      const known = new Map([...into.merged, ...others].map((number) => [keyOf(number), number]))
      const after: StoredLocalPatient = {
        ...(backAgain || mergedInto === undefined ? alive : into),
        ...inherited(from, into),
        merged: [...known.values()].slice(-mostMerged),
      }
      this.#write(tx, into, after)
      this.#write(tx, from, { ...from, mergedInto: survivor, merged: [], upTo })
      return { numbers: [prior, survivor, ...from.merged], bsns: bsnsOf(from, after) }
    })
    this.#tell(change)
  }

  /** Whether a later message, or this one, was already heeded for this number. */
  async isPast(number: PatientNumber, upTo: string): Promise<boolean> {
    const before = await this.#deps.patients.get(this.#key(number))
    return before !== undefined && before.upTo >= upTo
  }

  /** The number is a person's own again, whatever it was merged into (A28: added anew). */
  async separate(number: PatientNumber, upTo: string): Promise<void> {
    const before = await this.#deps.patients.get(this.#key(number))
    if (before?.mergedInto === undefined || before.upTo >= upTo) return
    const into = before.mergedInto
    const change = await this.#update([number, into], async (tx) => {
      const from = await this.#read(tx, number)
      const survivor = await this.#read(tx, into)
      if (from?.mergedInto === undefined || !isSame(from.mergedInto, into)) return nothing
      const { mergedInto: _, ...alive } = from
      this.#write(tx, from, alive)
      if (survivor !== undefined) {
        const merged = survivor.merged.filter((other) => !isSame(other, number))
        this.#write(tx, survivor, { ...survivor, merged })
      }
      return { numbers: [number, into], bsns: bsnsOf(survivor, alive) }
    })
    this.#tell(change)
  }

  /** Nobody has this number (A29). */
  async remove(number: PatientNumber, upTo: string): Promise<void> {
    const change = await this.#update([number], async (tx) => {
      const before = await this.#read(tx, number)
      if (before === undefined || before.upTo >= upTo) return nothing
      for (const key of this.#indexKeys(before)) tx.delete(this.#deps.index, key)
      tx.delete(this.#deps.patients, this.#key(number))
      return { numbers: [number], bsns: bsnsOf(before, undefined) }
    })
    this.#tell(change)
  }

  async numbered(number: PatientNumber): Promise<StoredLocalPatient | undefined> {
    let at: PatientNumber | undefined = number
    for (let hops = 0; at !== undefined && hops < longestChain; hops++) {
      const patient: StoredLocalPatient | undefined = await this.#deps.patients.get(this.#key(at))
      if (patient?.mergedInto === undefined) return patient
      at = patient.mergedInto
    }
    return undefined
  }

  async byBsn(bsn: string): Promise<StoredLocalPatient[]> {
    return this.#found(`${this.#bsnKey(bsn)}/`, (patient) => patient.bsn === bsn)
  }

  async alike(name: string, birthDate: string): Promise<StoredLocalPatient[]> {
    const found = new Map<string, StoredLocalPatient>()
    if (birthDate.length === 10)
      for (const key of familyKeys(name))
        for (const patient of await this.#found(`${this.#nameKey(birthDate, key)}/`, () => true))
          found.set(keyOf(patient), patient)
    return [...found.values()].slice(0, mostFound)
  }

  /** Called after the change is durable. Returns the way to stop listening. */
  onChange(listener: (change: PatientChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #found(
    prefix: string,
    holds: (patient: StoredLocalPatient) => boolean,
  ): Promise<StoredLocalPatient[]> {
    const patients: StoredLocalPatient[] = []
    for await (const [, number] of this.#deps.index.entries({ prefix, limit: mostFound })) {
      const patient = await this.#deps.patients.get(this.#key(number))
      if (patient !== undefined && patient.mergedInto === undefined && holds(patient)) patients.push(patient)
    }
    return patients
  }

  #update(
    numbers: readonly PatientNumber[],
    work: (tx: Update) => Promise<PatientChange>,
  ): Promise<PatientChange> {
    const turns = numbers.map((number) => `local patient ${this.#key(number)}`)
    return this.#deps.store.update(turns, work)
  }

  #read(tx: Update, number: PatientNumber): Promise<StoredLocalPatient | undefined> {
    return tx.get(this.#deps.patients, this.#key(number))
  }

  /** The record, and what it is found by: nothing, once it is merged away. */
  #write(tx: Update, before: StoredLocalPatient | undefined, after: StoredLocalPatient): void {
    const { patients, index } = this.#deps
    const [earlier, now] = [this.#indexKeys(before), this.#indexKeys(after)]
    const number = { localId: after.localId, issuer: after.issuer }
    for (const key of earlier) if (!now.has(key)) tx.delete(index, key)
    for (const key of now) if (!earlier.has(key)) tx.put(index, key, number)
    tx.put(patients, this.#key(after), after)
  }

  #indexKeys(patient: StoredLocalPatient | undefined): Set<string> {
    if (patient === undefined || patient.mergedInto !== undefined) return new Set()
    const own = this.#key(patient)
    const keys = new Set<string>()
    if (patient.bsn !== undefined) keys.add(`${this.#bsnKey(patient.bsn)}/${own}`)
    if (patient.birthDate.length === 10)
      for (const family of new Set(patient.names.flatMap(familyKeys)))
        keys.add(`${this.#nameKey(patient.birthDate, family)}/${own}`)
    return keys
  }

  #key(number: PatientNumber): string {
    return this.#deps.sealer.opaque('local-patient', keyOf(number))
  }

  #bsnKey(bsn: string): string {
    return this.#deps.sealer.opaque('local-patient-bsn', bsn)
  }

  #nameKey(birthDate: string, family: string): string {
    return this.#deps.sealer.opaque('local-patient-name', JSON.stringify([birthDate, family]))
  }

  #tell(change: PatientChange): void {
    if (change.numbers.length > 0) for (const listener of this.#listeners) listener(change)
  }
}

const nothing: PatientChange = { numbers: [], bsns: [] }
const isSame = (a: PatientNumber, b: PatientNumber) => a.localId === b.localId && a.issuer === b.issuer
const keyOf = ({ issuer, localId }: PatientNumber) => JSON.stringify([issuer, localId])
const newPatient = ({ localId, issuer }: PatientNumber): StoredLocalPatient => ({
  ...{ localId, issuer, names: [], birthDate: '', sex: '', doubts: [], merged: [], upTo: '' },
})

/** What a message leaves out stays as it was; of identifiers it gives the whole list (PID-3, §3.4.2.3). */
function withStated(before: StoredLocalPatient, stated: StatedPatient, upTo: string): StoredLocalPatient {
  const { bsn: _, ...rest } = before
  return {
    ...rest,
    names: stated.names ?? before.names,
    birthDate: stated.birthDate ?? before.birthDate,
    sex: stated.sex ?? before.sex,
    doubts: stated.doubts,
    ...(stated.bsn === null ? {} : { bsn: stated.bsn }),
    upTo,
  }
}

/** What the survivor lacks it has from the other; two BSNs are one too many to go by either. */
function inherited(from: StoredLocalPatient, into: StoredLocalPatient): Partial<StoredLocalPatient> {
  const bsn = into.bsn ?? from.bsn
  const differ = into.bsn !== undefined && from.bsn !== undefined && into.bsn !== from.bsn
  return {
    names: into.names.length > 0 ? into.names : from.names,
    birthDate: into.birthDate || from.birthDate,
    sex: into.sex || from.sex,
    ...(bsn === undefined ? {} : { bsn }),
    ...(differ && !into.doubts.includes('bsn') ? { doubts: [...into.doubts, 'bsn' as const] } : {}),
  }
}

function bsnsOf(...patients: (StoredLocalPatient | undefined)[]): string[] {
  return [...new Set(patients.map((patient) => patient?.bsn).filter((bsn) => bsn !== undefined))]
}
