import type { AuditEntry, AuditLog } from '@twiin/audit'
import { reportPdf } from '@twiin/document'
import type { Bsn } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import { causes } from '../emergency/emergency-use.ts'
import type { EndReason } from '../emergency/emergency-use.ts'
import { causeNames, phrases, roleNames, sentences } from './plain-texts.ts'
import type { Language } from './plain-texts.ts'

/** One thing that happened with a patient's data, in plain words. */
export interface PlainLine {
  readonly at: number
  /** Date and time, Dutch time, written out. */
  readonly when: string
  readonly who: string
  readonly organisation: string
  readonly what: string
  readonly why?: string
  readonly outcome: 'success' | 'refused' | 'failed'
  readonly emergency: boolean
}

export interface PatientAccountOf {
  readonly language: Language
  readonly lines: readonly PlainLine[]
  /** There is more than one list holds. */
  readonly more: boolean
}

interface Question {
  readonly bsn: Bsn
  readonly language: Language
  readonly range: { readonly from?: number; readonly to?: number }
}

const mostLines = 4000
/** A hospital that is refused again and again must not push from the list who did see something. */
const mostRefused = 1000

/** Who searched, saw, sent or was refused, for the patient (NEN 7513, spec 07 §11). */
export class PatientAccount {
  readonly #self: { ura: string; name: string }
  readonly #deps: { log: AuditLog; clock: Pick<Clock, 'now'> }

  constructor(
    options: { self: { ura: string; name: string } },
    deps: { log: AuditLog; clock: Pick<Clock, 'now'> },
  ) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * Of the entries that name this BSN, and no others: a local number could be another hospital's. Entries about the same
   * request of the same hospital that name nobody (a study that was served) belong to them. Newest first.
   */
  async of({ bsn, language, range }: Question): Promise<PatientAccountOf> {
    const told = new Newest<{ seq: number; line: PlainLine }>(mostLines)
    const refused = new Newest<{ seq: number; line: PlainLine }>(mostRefused)
    const requests = new Set<string>()
    for await (const { seq, entry } of this.#deps.log.entries(range)) {
      const isAbout = entry.patient?.citizenNumber === bsn
      // The number of a request is what the asking hospital made of it: it counts for that hospital alone.
      const request = `${entry.requestId ?? ''} ${entry.peer?.peerId ?? ''}`
      if (isAbout && entry.requestId !== undefined) requests.add(request)
      const isServed = entry.event === 'study-served' && requests.has(request)
      if (!isAbout && !isServed) continue
      const line = this.#line(entry, language)
      if (line === undefined) continue
      if (line.outcome === 'refused' && entry.peer !== undefined) refused.add({ seq, line })
      else told.add({ seq, line })
    }
    const found = [...told.all(), ...refused.all()].sort((a, b) => b.seq - a.seq)
    return { language, lines: found.map(({ line }) => line), more: told.isMore || refused.isMore }
  }

  /** The same, to print. */
  async pdf(account: PatientAccountOf, { bsn, range }: Question): Promise<Buffer> {
    const { language, lines, more } = account
    const words = phrases[language]
    const now = this.#deps.clock.now()
    const day = (at: number) => momentIn(language, at, { dateStyle: 'long' })
    const period = [
      ...(range.from === undefined ? [] : [words.from.replace('{0}', day(range.from))]),
      ...(range.to === undefined ? [] : [words.until.replace('{0}', day(range.to))]),
    ]
    return reportPdf({
      title: words.title,
      facts: [
        [words.hospital, this.#self.name],
        [words.patient, bsn],
        [words.period, period.join(' ') || words.all],
        [words.madeOn, day(now)],
      ],
      lines: [
        ...(lines.length === 0 ? [{ kind: 'text' as const, level: 0, text: words.nothing }] : []),
        ...lines.flatMap((line) => printed(line, words)),
        ...(more ? [{ kind: 'heading' as const, level: 0, text: words.truncated }] : []),
      ],
      ...{ remark: words.remark, unwritable: words.unwritable, madeAt: new Date(now) },
    })
  }

  #line(entry: AuditEntry, language: Language): PlainLine | undefined {
    const { event, outcome, at, emergency, purpose } = entry
    const what = sentences[language][event]?.[outcome]
    // That a box closed is no second look.
    if (what === undefined || isEnd(entry)) return undefined
    const why = whyIn(purpose, language)
    return {
      ...{ at, what, outcome, emergency },
      when: momentIn(language, at, { dateStyle: 'long', timeStyle: 'short' }),
      who: whoOf(entry, language),
      organisation: organisationOf(entry),
      ...(why === '' ? {} : { why }),
    }
  }
}

/** Questions that came in were asked by somebody of the other hospital; everything else was done here. */
const fromElsewhere: ReadonlySet<AuditEntry['event']> = new Set([
  ...(['search-answered', 'search-refused', 'study-released', 'study-served'] as const),
  ...(['send-received', 'refused', 'emergency'] as const),
])
const ends: ReadonlySet<string> = new Set<EndReason>(['ENDED', 'EXPIRED', 'REPLACED'])
const isEnd = ({ event, peer, reason = '' }: AuditEntry) =>
  event === 'emergency' && peer === undefined && ends.has(reason)

/** Of an emergency the cause is a code before what was typed (spec 21 §2). */
function whyIn(purpose: AuditEntry['purpose'], language: Language): string {
  const { basis, reason = '' } = purpose ?? {}
  const cause = causes.find((each) => basis === 'emergency' && reason.startsWith(`${each}: `))
  return cause === undefined ? reason : `${causeNames[language][cause]}: ${reason.slice(cause.length + 2)}`
}

/** So many of the last that came. */
class Newest<T> {
  readonly #most: number
  #kept: T[] = []
  isMore = false

  constructor(most: number) {
    this.#most = most
  }

  add(each: T): void {
    this.#kept.push(each)
    if (this.#kept.length > this.#most) this.isMore = true
    if (this.#kept.length > 2 * this.#most) this.#kept = this.all()
  }

  all(): T[] {
    return this.#kept.slice(-this.#most)
  }
}
function organisationOf({ event, peer, organisation }: AuditEntry): string {
  return fromElsewhere.has(event) && peer !== undefined && peer.name !== '' ? peer.name : organisation.name
}

function whoOf(entry: AuditEntry, language: Language): string {
  const { user, responsible } = entry
  const computer = phrases[language].computer.replace('{0}', organisationOf(entry))
  if (user === undefined) return computer
  // Of a share: somebody had the link and the code, and that is all that is known (spec 25 §8).
  if (user.role === 'recipient') return phrases[language].recipient
  const name = user.name ?? responsible?.name ?? user.id
  const role = roleNames[language][user.role]
  return role === undefined ? name : `${name} (${role})`
}

function printed(line: PlainLine, words: (typeof phrases)[Language]) {
  const marks = [
    ...(line.emergency ? [words.emergency] : []),
    ...(line.outcome === 'refused' ? [words.refused] : []),
  ]
  const mark = marks.length === 0 ? '' : ` [${marks.join(', ')}]`
  return [
    { kind: 'heading' as const, level: 1, text: `${line.when}${mark}` },
    { kind: 'text' as const, level: 1, text: `${line.who}, ${line.organisation}: ${line.what}.` },
    ...(line.why === undefined
      ? []
      : [{ kind: 'text' as const, level: 1, text: `${words.why}: ${line.why}` }]),
  ]
}

const locales = { nl: 'nl-NL', en: 'en-GB' } as const
const momentIn = (language: Language, at: number, how: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locales[language], { ...how, timeZone: 'Europe/Amsterdam' }).format(at)
