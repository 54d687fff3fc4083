import { setImmediate } from 'node:timers/promises'
import { acknowledge, characterSetNamed, isHl7ErrorCode, readHeader, readMessage } from '@twiin/hl7'
import type {
  AckCode,
  AckError,
  CharacterSet,
  Hl7Message,
  MessageHeader,
  MllpConnection,
  MllpReceiver,
} from '@twiin/hl7'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { AllowedSender } from './allowed-sender.ts'
import type { Hl7Handler } from './hl7-handler.ts'
import type { Hl7Inbox } from './hl7-inbox.ts'

export interface ReceiveOptions {
  application: string
  facility: string
  senders: readonly AllowedSender[]
  processingIds: readonly string[]
}

interface Deps {
  inbox: Hl7Inbox
  handlers: readonly Hl7Handler[]
  random: (bytes: number) => Uint8Array
  clock: Clock
  log: Logger
}

type Verdict = { code: AckCode } & Partial<AckError>

const noHeader: MessageHeader = {
  ...{ sendingApplication: '', sendingFacility: '', receivingApplication: '', receivingFacility: '' },
  ...{ code: '', trigger: '', controlId: '', processingId: '', version: '', characterSets: [] },
}
const longestControlId = 199
const unknownSender = { code: 'AR', error: 103, location: 'MSH^1^3' } as const
/** What anybody may have sent, as a log can hold it. */
const printable = (text: string) => text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?')
const largeBytes = 1024 * 1024

/** Judges a message and answers it: AA only when it is durable (spec 15 §2, §3). */
export class ReceiveMessage implements MllpReceiver {
  readonly #options: ReceiveOptions
  readonly #deps: Deps

  constructor(options: ReceiveOptions, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async receive(bytes: Buffer, from: Pick<MllpConnection, 'remoteAddress' | 'admitted'>): Promise<Buffer> {
    const { clock, random, log } = this.#deps
    let header = noHeader
    let characterSet: CharacterSet | undefined
    let verdict: Verdict
    try {
      header = readHeader(bytes).header
      const sender = this.#admit(header, from)
      from.admitted()
      this.#checkHeader(header)
      const unnamed = characterSetNamed(sender.characterSet) ?? '8859/1'
      const message = readMessage(bytes, { unnamedCharacterSet: unnamed })
      // What is large is read, judged and written down in turns.
      if (bytes.length > largeBytes) await setImmediate()
      ;({ header, characterSet } = message)
      this.#checkType(message)
      for (const handler of this.#deps.handlers) if (handler.handles(message.type)) handler.check?.(message)
      if (bytes.length > largeBytes) await setImmediate()
      const taken = await this.#deps.inbox.take(message, { bytes, unnamedCharacterSet: unnamed })
      verdict = taken === 'other' ? { code: 'AE', error: 205, location: 'MSH^1^10' } : { code: 'AA' }
    } catch (error) {
      verdict = verdictOf(error)
    }
    if (verdict.code !== 'AA') {
      const { code, error, location } = verdict
      const isUnknown = location === unknownSender.location
      // Which of its systems that is, only the hospital can tell, and only by this name.
      const who = isUnknown ? { sendingApplication: printable(header.sendingApplication) } : {}
      log.info('hl7 message refused', { code, error, location, ...who, remoteAddress: from.remoteAddress })
    }
    const { application, facility } = this.#options
    const controlId = Buffer.from(random(10)).toString('hex')
    return acknowledge(
      header,
      { ...verdict, characterSet },
      { application, facility, now: clock.now(), controlId },
    )
  }

  #admit(header: MessageHeader, { remoteAddress }: { remoteAddress: string }): AllowedSender {
    const { sendingApplication, sendingFacility } = header
    const address = remoteAddress.replace(/^::ffff:/, '')
    const sender = this.#options.senders.find(
      ({ application, facility, addresses }) =>
        application === sendingApplication &&
        (facility === undefined || facility === sendingFacility) &&
        (addresses === undefined || addresses.includes(address)),
    )
    if (sender === undefined) throw new Refusal(unknownSender)
    return sender
  }

  #checkHeader({ code, controlId, version, processingId }: MessageHeader): void {
    if (code === '') throw new Refusal({ code: 'AE', error: 101, location: 'MSH^1^9' })
    if (controlId === '') throw new Refusal({ code: 'AE', error: 101, location: 'MSH^1^10' })
    if (controlId.length > longestControlId)
      throw new Refusal({ code: 'AE', error: 102, location: 'MSH^1^10' })
    // Old senders leave it out; then it is production.
    if (processingId !== '' && !this.#options.processingIds.includes(processingId))
      throw new Refusal({ code: 'AR', error: 202, location: 'MSH^1^11' })
    if (!/^2(\.\d){0,2}$/.test(version)) throw new Refusal({ code: 'AR', error: 203, location: 'MSH^1^12' })
  }

  #checkType({ type, header }: Hl7Message): void {
    const { handlers } = this.#deps
    if (handlers.some((handler) => handler.handles(type))) return
    const isKnown = handlers.some((handler) => handler.handles(header.code))
    throw new Refusal({ code: 'AR', error: isKnown ? 201 : 200, location: 'MSH^1^9' })
  }
}

/** An answer that is no AA, as an error. */
class Refusal extends TwiinError<'HL7_REFUSED'> {
  readonly verdict: Verdict

  constructor(verdict: Verdict) {
    super('HL7_REFUSED', { error: verdict.error })
    this.verdict = verdict
  }
}

/** What is wrong in a message is AE; what is our trouble, or nobody's to judge, AR (table 0008, original mode). */
function verdictOf(error: unknown): Verdict {
  if (error instanceof Refusal) return error.verdict
  switch (codeOf(error)) {
    case 'HL7_UNREADABLE':
      return { code: 'AR', error: 100, location: 'MSH' }
    case 'HL7_CHARSET_UNKNOWN':
      return { code: 'AE', error: 103, location: 'MSH^1^18' }
    case 'HL7_CHARSET_WRONG':
      return { code: 'AE', error: 102, location: 'MSH^1^18' }
    case 'HL7_CONTENT': {
      const { error: code, location } = isTwiinError(error) ? error.facts : {}
      return {
        code: 'AE',
        error: isHl7ErrorCode(code) ? code : 207,
        ...(typeof location === 'string' ? { location } : {}),
      }
    }
    default:
      return { code: 'AR', error: 207 }
  }
}
