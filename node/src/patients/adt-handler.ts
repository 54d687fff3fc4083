import type { Hl7Message, Segment } from '@twiin/hl7'
import { TwiinError } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { BsnQuality } from '../quality/bsn-quality.ts'
import type { Hl7Handler, Received } from '../hl7/hl7-handler.ts'
import type { PatientNumber } from './known-patient.ts'
import type { LocalPatients } from './local-patients.ts'
import { hasInvalidBsn, ownNumbersIn, readPid } from './read-pid.ts'
import type { OwnNumbers } from './read-pid.ts'

/** HL7 table 0003. Those that merge, or give a person another number: MRG-1 is the number that ends. */
const merging = ['A18', 'A30', 'A34', 'A36', 'A39', 'A40', 'A46', 'A47']
/** Added as new: what the number was merged into before does not hold any more. */
const adding = 'A28'
const removing = 'A29'
/** Nothing that we keep follows from them: visits that move, links, queries' siblings. */
const silent = [
  ...[
    'A02',
    'A03',
    'A06',
    'A07',
    'A09',
    'A10',
    'A11',
    'A12',
    'A13',
    'A14',
    'A15',
    'A16',
    'A17',
    'A20',
    'A21',
  ],
  ...[
    'A22',
    'A23',
    'A24',
    'A25',
    'A26',
    'A27',
    'A32',
    'A33',
    'A37',
    'A38',
    'A44',
    'A45',
    'A50',
    'A51',
    'A52',
  ],
  ...['A53', 'A54', 'A55', 'A60', 'A61', 'A62'],
]
const stating = ['A01', 'A04', 'A05', adding, 'A31', 'A08']
/** More patients in one message there are not, nor numbers of one of them. */
const mostGroups = 100
const mostNumbers = 4
const events = new Set([...merging, ...stating, ...silent, removing])

/** The hospital's patient administration tells who its patients are (spec 16 §1). */
export class AdtHandler implements Hl7Handler {
  readonly name = 'patients'
  readonly #own: OwnNumbers
  readonly #patients: LocalPatients
  readonly #account: Pick<Account, 'record'>
  readonly #quality: Pick<BsnQuality, 'stateInvalid'>

  constructor(
    options: { own: OwnNumbers },
    deps: {
      patients: LocalPatients
      account: Pick<Account, 'record'>
      quality: Pick<BsnQuality, 'stateInvalid'>
    },
  ) {
    this.#own = options.own
    this.#patients = deps.patients
    this.#account = deps.account
    this.#quality = deps.quality
  }

  handles(type: string): boolean {
    const [code = '', event] = type.split('^')
    return code === 'ADT' && (event === undefined || events.has(event))
  }

  check(message: Hl7Message): void {
    if (silent.includes(eventOf(message))) return
    for (const { numbers, priors } of this.#groups(message)) {
      if (numbers.length === 0) throw new TwiinError('HL7_CONTENT', { error: 101, location: 'PID^1^3' })
      if (priors === undefined) throw new TwiinError('HL7_CONTENT', { error: 101, location: 'MRG^1^1' })
    }
  }

  async handle(message: Hl7Message, received: Received): Promise<void> {
    const event = eventOf(message)
    if (silent.includes(event)) return
    for (const { numbers, priors, pid } of this.#groups(message)) {
      // The patient stays without: from there on nobody would know why.
      if (hasInvalidBsn(pid)) this.#quality.stateInvalid(message.header.sendingApplication, received.id)
      for (const [i, number] of numbers.entries()) {
        if (event === removing) await this.#patients.remove(number, received.id)
        else await this.#state(event, number, pid, received)
        if (i === 0) for (const prior of priors ?? []) await this.#merge(event, prior, number, received)
      }
    }
  }

  /** On record first: whose images are shown together changes by it (NEN 7513). */
  async #merge(
    event: string,
    prior: PatientNumber,
    survivor: PatientNumber,
    { id }: Received,
  ): Promise<void> {
    if (await this.#patients.isPast(prior, id)) return
    const bsn = await this.#bsnOf(survivor)
    await this.#account.record({
      ...{
        event: 'patients-merged',
        outcome: 'success',
        protocol: `HL7 ADT^${event}`,
        requestId: `hl7 ${id}`,
      },
      patient: {
        ...{ localId: survivor.localId, mergedId: prior.localId },
        ...(bsn === null ? {} : { citizenNumber: bsn }),
      },
    })
    await this.#patients.merge(prior, survivor, id)
  }

  async #state(event: string, number: PatientNumber, pid: Segment, { id }: Received): Promise<void> {
    if (event === adding) await this.#patients.separate(number, id)
    const stated = readPid(pid, this.#own)
    // Who merges names a number, not all that is known of its person: nothing is taken away by it.
    const bsn = merging.includes(event) ? (stated.bsn ?? (await this.#bsnOf(number))) : stated.bsn
    await this.#patients.state(number, { ...stated, bsn }, id)
  }

  async #bsnOf(number: PatientNumber): Promise<string | null> {
    return (await this.#patients.numbered(number))?.bsn ?? null
  }

  /** Each PID with the MRG behind it: A40 may repeat them (§3.3.40). Throws `HL7_CONTENT`: no PID, or no end of them. */
  #groups(message: Hl7Message): Group[] {
    const isMerge = merging.includes(eventOf(message))
    const found: { pid: Segment; mrg: Segment | undefined }[] = []
    for (const segment of message.segments) {
      const last = found.at(-1)
      if (segment.id === 'PID') found.push({ pid: segment, mrg: undefined })
      if (segment.id === 'MRG' && last !== undefined) last.mrg ??= segment
      if (found.length > mostGroups) throw new TwiinError('HL7_CONTENT', { error: 100, location: 'PID' })
    }
    message.required('PID')
    return found.map(({ pid, mrg }) => {
      const numbers = readPid(pid, this.#own).numbers.slice(0, mostNumbers)
      return { pid, numbers, priors: isMerge ? this.#priors(mrg, numbers) : [] }
    })
  }

  #priors(mrg: Segment | undefined, numbers: readonly PatientNumber[]): PatientNumber[] | undefined {
    const priors = mrg === undefined ? [] : ownNumbersIn(mrg.repetitions(1), this.#own)
    const ended = priors.filter(({ localId }) => !numbers.some((number) => number.localId === localId))
    return ended.length === 0 ? undefined : ended
  }
}

interface Group {
  pid: Segment
  numbers: readonly PatientNumber[]
  /** Undefined: the message merges, and does not say whom. */
  priors: readonly PatientNumber[] | undefined
}

const eventOf = ({ type }: Hl7Message) => type.split('^')[1] ?? ''
