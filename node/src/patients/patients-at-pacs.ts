import { attribute, decodeIdentifier, encodeIdentifier, transferSyntax } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { openAssociation, queryRetrieve } from '@twiin/dimse'
import type { Association } from '@twiin/dimse'
import { passesElevenTest } from '@twiin/patient-token'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { patientOfAnswer, tag } from '../archive/archive-study.ts'
import type { Pacs } from '../deliver/pacs.ts'
import { familyKeys } from '../filing/names-agree.ts'
import type { Doubt, KnownPatient, PatientNumber, PatientsKnown } from './known-patient.ts'

type Stated = ReturnType<typeof patientOfAnswer>
type Wanted = ReturnType<typeof attribute>

const { explicitLittleEndian: explicit, implicitLittleEndian: implicit } = transferSyntax
const keys = [
  ...[tag.patientName, tag.patientId, tag.issuer, tag.issuerQualifiers, tag.birthDate, tag.sex],
  tag.otherPatientIds,
]
/** Of one question: more than are born on one day, with all their studies. */
const mostAnswers = 4096
const mostPatients = 64
const mostNames = 12
const rememberedMs = 60_000
const mostRemembered = 1000
/** So long a PACS that does not match on other numbers is not asked by BSN again. */
const unmatchedMs = 3_600_000

interface Options {
  pacs: Pacs
  /** Where the PACS tells a BSN: of the patient, or only with his studies. */
  level: 'patient' | 'study'
  ownIssuer: string
  /** For one question, from connecting to its last answer. */
  timeoutMs: number
}

/**
 * Whom the hospital knows, as its PACS answers by C-FIND: for a hospital that sends no ADT (spec 16 §1). Throws
 * `PACS_UNREACHABLE` when it does not answer, `PACS_QUERY_REFUSED` {status?} when it answers that it will not, or with too much:
 * then nobody knows, which is something else than nobody being there.
 */
export class PatientsAtPacs implements PatientsKnown {
  readonly #options: Options
  readonly #deps: { clock: Clock; log: Logger }
  readonly #remembered = new Map<string, { at: number; patients: Promise<KnownPatient[]> }>()
  #bsnNotMatchedAt = -Infinity

  constructor(options: Options, deps: { clock: Clock; log: Logger }) {
    this.#options = options
    this.#deps = deps
  }

  /** Nobody, of a PACS that does not match on Other Patient IDs Sequence: such a one is asked by birth date and name. */
  async byBsn(bsn: string): Promise<KnownPatient[]> {
    if (this.#deps.clock.now() - this.#bsnNotMatchedAt < unmatchedMs) return []
    const other: Attributes = new Map([attribute(tag.patientId, bsn), attribute(tag.issuer)])
    const wanted: Wanted = [tag.otherPatientIds, { vr: 'SQ', value: [other] }]
    const isAsked = (stated: Stated) => stated.citizenNumbers.includes(bsn)
    const found = await this.#known(['bsn', bsn], wanted, isAsked, () => {
      this.#bsnNotMatchedAt = this.#deps.clock.now()
      this.#deps.log.info('PACS does not match on other patient numbers')
    })
    return found.filter((patient) => patient.bsn === bsn || patient.doubts.includes('bsn'))
  }

  async alike(name: string, birthDate: string): Promise<KnownPatient[]> {
    const families = new Set(familyKeys(name))
    if (birthDate.length !== 10 || families.size === 0) return []
    const isAsked = (stated: Stated) => stated.birthDate === birthDate
    const wanted = attribute(tag.birthDate, birthDate.replaceAll('-', ''))
    const born = await this.#known(['birth date', birthDate], wanted, isAsked)
    return born
      .filter(({ names }) => names.flatMap(familyKeys).some((family) => families.has(family)))
      .slice(0, mostPatients)
  }

  async numbered({ localId, issuer }: PatientNumber): Promise<KnownPatient | undefined> {
    // No PACS has it: this one would be another number, or a pattern.
    if (!/^[^\\*?]{1,64}$/.test(localId)) return undefined
    const isAsked = (stated: Stated) => stated.localId === localId
    const found = await this.#known(['number', localId], attribute(tag.patientId, localId), isAsked)
    return found.find((patient) => patient.issuer === issuer)
  }

  /** The answers to one question; what was asked a moment ago is not asked again. */
  #known(
    question: readonly string[],
    wanted: Wanted,
    isAsked: (stated: Stated) => boolean,
    onOther?: () => void,
  ): Promise<KnownPatient[]> {
    const key = JSON.stringify(question)
    const now = this.#deps.clock.now()
    const before = this.#remembered.get(key)
    if (before !== undefined && now - before.at < rememberedMs) return before.patients
    const patients = this.#ask(wanted, isAsked, onOther)
    this.#remembered.delete(key)
    this.#remembered.set(key, { at: now, patients })
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > mostRemembered && oldest !== undefined) this.#remembered.delete(oldest)
    patients.catch(() => this.#remembered.delete(key))
    return patients
  }

  /** `onOther`: the PACS answers what was not asked for, so it does not match on that; the rest is not waited for. */
  async #ask(
    wanted: Wanted,
    isAsked: (stated: Stated) => boolean,
    onOther: (() => void) | undefined,
  ): Promise<KnownPatient[]> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs)
    const found: Stated[] = []
    let answers = 0
    for await (const stated of this.#find(wanted, signal)) {
      if (++answers > mostAnswers) throw new TwiinError('PACS_QUERY_REFUSED', { answers })
      if (isAsked(stated)) found.push(stated)
      else if (onOther !== undefined) {
        onOther()
        break
      }
    }
    const numbered = found.filter((stated) => stated.localId !== '' && !isFromElsewhere(stated))
    const byNumber = Map.groupBy(numbered, ({ localId, issuer }) => JSON.stringify([issuer, localId]))
    return [...byNumber.values()].map(asKnown)
  }

  async *#find([key, value]: Wanted, signal: AbortSignal): AsyncGenerator<Stated> {
    const { level, ownIssuer } = this.#options
    const sopClassUid = level === 'patient' ? queryRetrieve.find.patientRoot : queryRetrieve.find.studyRoot
    let association: Association | undefined
    try {
      association = await this.#open(sopClassUid, signal)
      const transferSyntaxUid = association.accepts(sopClassUid, explicit) ? explicit : implicit
      const uid = level === 'study' ? [tag.studyInstanceUid] : []
      const identifier: Attributes = new Map([...keys, ...uid].sort().map((each) => attribute(each)))
      identifier.set(...attribute(tag.queryLevel, level.toUpperCase()))
      identifier.set(key, value)
      const encoded = encodeIdentifier(identifier, transferSyntaxUid)
      const asked = { sopClassUid, transferSyntaxUid, identifier: encoded, signal }
      for await (const bytes of association.find(asked))
        yield patientOfAnswer(await decodeIdentifier(bytes, transferSyntaxUid), { ownIssuer })
      await association.release()
    } catch (error) {
      throw this.#inOurWords(error)
    } finally {
      association?.abort()
    }
  }

  #open(sopClassUid: string, signal: AbortSignal): Promise<Association> {
    const { pacs, timeoutMs } = this.#options
    const { host, port, aeTitle, callingAeTitle, tls } = pacs
    return openAssociation(
      {
        ...{ host, port, calledAe: aeTitle, callingAe: callingAeTitle, signal },
        contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: [explicit, implicit] }],
        ...(tls && { tls: tls() }),
        timeouts: { connectMs: timeoutMs, responseMs: timeoutMs, progressMs: timeoutMs },
      },
      { log: this.#deps.log },
    )
  }

  #inOurWords(error: unknown): TwiinError {
    const code = codeOf(error)
    this.#deps.log.warn('PACS did not say who a patient is', { code })
    const refused = ['DIMSE_REFUSED', 'ASSOCIATION_REJECTED', 'CONTEXT_NOT_ACCEPTED', 'DICOM_UNREADABLE']
    if (!isTwiinError(error) || !refused.includes(code))
      return new TwiinError('PACS_UNREACHABLE', { code, link: 'pacs' }, { cause: error })
    const { status } = error.facts
    const facts = typeof status === 'number' ? { code, status } : { code }
    return new TwiinError('PACS_QUERY_REFUSED', facts, { cause: error })
  }
}

/** What this node filed there itself under an external number (ADR 0004), with or without its issuer: no patient of ours. */
const isFromElsewhere = ({ localId, issuer }: Stated) =>
  issuer.startsWith('TWIIN:') || /^\d{8}\./.test(localId)

/** All that is said under one number; what is said in two ways is in doubt. */
function asKnown(stated: readonly Stated[]): KnownPatient {
  const all = (values: readonly string[]) => [...new Set(values.filter((value) => value !== ''))]
  const [first] = stated
  const [birthDate = '', ...otherDates] = all(stated.map((one) => one.birthDate))
  const [sex = '', ...otherSexes] = all(stated.map((one) => one.sex))
  const [bsn, ...otherBsns] = all(stated.flatMap((one) => one.citizenNumbers)).filter(passesElevenTest)
  const doubts: Doubt[] = [
    ...(otherDates.length > 0 ? ['birthDate' as const] : []),
    ...(otherBsns.length > 0 ? ['bsn' as const] : []),
  ]
  return {
    localId: first?.localId ?? '',
    issuer: first?.issuer ?? '',
    names: all(stated.map(({ name }) => name)).slice(0, mostNames),
    birthDate,
    sex: otherSexes.length > 0 ? '' : sex,
    ...(bsn === undefined ? {} : { bsn }),
    doubts,
  }
}
