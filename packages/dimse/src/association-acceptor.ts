import { codeOf, isTwiinError, singleLine } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { decodeAssociateRequest, encodeAssociateAccept } from './associate-pdu.ts'
import type { AssociateRequest } from './associate-pdu.ts'
import { abortReasonOf, dimseError } from './dimse-error.ts'
import type { AcceptorLimits, AcceptorTimeouts } from './limits.ts'
import { MessageServer } from './message-server.ts'
import { abortPdu, decodeAbort, decodePdvs, pduType, rejectPdu, releaseResponsePdu } from './pdu.ts'
import type { Rejection } from './pdu.ts'
import type { PduConnection } from './pdu-connection.ts'
import { answerContexts } from './presentation-context.ts'
import type { Admittance, AssociationEnd, AssociationInfo, StoreProvider } from './store-provider.ts'
import { applicationContext, implementation } from './uids.ts'

export interface AssociationAcceptorOptions {
  id: string
  remoteAddress: string
  /** There are as many associations as we serve: this one hears so. */
  overLimit: boolean
  limits: AcceptorLimits
  timeouts: AcceptorTimeouts
}

/** PS3.8 table 9-21. Source 1 is the service user, 2 the association service, 3 the presentation service. */
const rejections = {
  'calling-ae-not-recognized': { result: 1, source: 1, reason: 3 },
  'called-ae-not-recognized': { result: 1, source: 1, reason: 7 },
  'local-limit-exceeded': { result: 2, source: 3, reason: 2 },
  'no-reason-given': { result: 1, source: 1, reason: 1 },
  'application-context-not-supported': { result: 1, source: 1, reason: 2 },
  'protocol-version-not-supported': { result: 1, source: 2, reason: 2 },
} as const satisfies Record<Exclude<Admittance, 'accept'>, Rejection> & Record<string, Rejection>

/** One incoming connection, from its first byte to its close. */
export class AssociationAcceptor {
  readonly #options: AssociationAcceptorOptions
  readonly #connection: PduConnection
  readonly #provider: StoreProvider
  readonly #log: Logger
  /** An A-ASSOCIATE-RQ came in. */
  #heard = false

  constructor(
    options: AssociationAcceptorOptions,
    deps: { connection: PduConnection; provider: StoreProvider; log: Logger },
  ) {
    this.#options = options
    this.#connection = deps.connection
    this.#provider = deps.provider
    this.#log = deps.log.child({ association: options.id })
  }

  /** Resolves when the connection is gone and every sink has come to its end; never rejects. */
  async run(): Promise<void> {
    try {
      const request = await this.#readRequest()
      const info = this.#infoOf(request)
      const verdict = this.#judge(request, info)
      if (verdict === 'accept') await this.#serve(request, info)
      else await this.#reject(info, verdict)
    } catch (error) {
      await this.#breakOff(error)
    }
  }

  /** From outside: the server stops. */
  abort(): void {
    this.#connection.abort(abortPdu(0, 0), dimseError('ASSOCIATION_ABORTED', { by: 'us' }))
  }

  async #readRequest(): Promise<AssociateRequest> {
    const wait = { for: 'A-ASSOCIATE-RQ', ms: this.#options.timeouts.artimMs, whole: true }
    const { body } = await this.#connection.read([pduType.associateRequest], wait)
    this.#heard = true
    return decodeAssociateRequest(body)
  }

  #infoOf({ callingAe, calledAe }: AssociateRequest): AssociationInfo {
    return { id: this.#options.id, callingAe, calledAe, remoteAddress: this.#options.remoteAddress }
  }

  #judge(request: AssociateRequest, info: AssociationInfo): keyof typeof rejections | 'accept' {
    if (this.#options.overLimit) return 'local-limit-exceeded'
    if ((request.protocolVersion & 1) === 0) return 'protocol-version-not-supported'
    if (request.applicationContext !== applicationContext) return 'application-context-not-supported'
    if (!isAeTitle(info.callingAe)) return 'calling-ae-not-recognized'
    if (!isAeTitle(info.calledAe)) return 'called-ae-not-recognized'
    return this.#provider.admit(info)
  }

  async #reject(info: AssociationInfo, why: keyof typeof rejections): Promise<void> {
    this.#log.warn('dimse.association.rejected', { why, ...factsOf(info) })
    await this.#connection.finish(rejectPdu(rejections[why]))
  }

  async #serve(request: AssociateRequest, info: AssociationInfo): Promise<void> {
    const { answers, accepted } = answerContexts(
      request.contexts,
      (abstractSyntax, transferSyntax) =>
        this.#provider.acceptsContext?.(abstractSyntax, transferSyntax, info) ?? true,
    )
    const { limits } = this.#options
    const peerMaxPduLength = request.user.maxPduLength
    const messages = new MessageServer(
      { association: info, contexts: accepted, peerMaxPduLength, limits },
      { provider: this.#provider, log: this.#log, write: (pdu) => this.#connection.write(pdu) },
    )
    this.#log.info('dimse.association.accepted', {
      ...factsOf(info),
      contexts: accepted.size,
      proposed: answers.length,
      peerMaxPduLength,
      peer: singleLine(request.user.implementationVersion),
    })
    let how: AssociationEnd = 'aborted'
    let reason = 'ASSOCIATION_ABORTED'
    try {
      await this.#connection.write(
        encodeAssociateAccept({ ...request, contexts: answers, user: this.#ourSide() }),
      )
      how = await this.#exchange(messages)
    } catch (error) {
      reason = codeOf(error)
      if (reason === 'ASSOCIATION_LOST') how = 'lost'
      throw error
    } finally {
      await messages.abandon(reason)
      this.#log.info('dimse.association.ended', { how })
      this.#provider.associationEnded?.(info, how)
    }
    await this.#connection.finish(how === 'released' ? releaseResponsePdu : undefined)
  }

  #ourSide() {
    return {
      maxPduLength: this.#options.limits.maxPduLength,
      implementationClassUid: implementation.classUid,
      implementationVersion: implementation.versionName,
    }
  }

  /** Until the peer ends it. */
  async #exchange(messages: MessageServer): Promise<AssociationEnd> {
    const expected = [pduType.data, pduType.releaseRequest, pduType.abort]
    for (;;) {
      const pdu = await this.#connection.read(expected, {
        for: 'the next PDU',
        ms: this.#options.timeouts.idleMs,
      })
      if (pdu.type === pduType.data) {
        for (const pdv of decodePdvs(pdu.body)) await messages.handle(pdv)
      } else if (pdu.type === pduType.releaseRequest) {
        if (messages.busy) throw dimseError('PDU_UNEXPECTED', { what: 'release inside a message' })
        return 'released'
      } else {
        this.#log.warn('dimse.association.aborted', { by: 'peer', ...decodeAbort(pdu.body) })
        return 'aborted'
      }
    }
  }

  /** Tells the peer, as far as it is still there, and lets go. */
  async #breakOff(error: unknown): Promise<void> {
    const code = codeOf(error)
    const lost = code === 'ASSOCIATION_LOST'
    const facts = {
      code,
      ...(isTwiinError(error) ? error.facts : { name: error instanceof Error ? error.name : '' }),
    }
    if (lost) this.#log.debug('dimse.connection.lost')
    else this.#log.warn('dimse.association.broken', facts)
    // spec PS3.8 §9.2.3, AA-2: when ARTIM expires the connection is closed without a word
    if (lost || (code === 'DIMSE_TIMEOUT' && !this.#heard)) this.#connection.destroy()
    await this.#connection.finish(abortPdu(2, abortReasonOf(code)))
  }
}

/** PS3.5 table 6.2-1: at most 16 characters of the default repertoire, no backslash, no control characters, not empty. */
function isAeTitle(text: string): boolean {
  return /^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(text)
}

function factsOf(info: AssociationInfo) {
  return {
    callingAe: singleLine(info.callingAe),
    calledAe: singleLine(info.calledAe),
    remoteAddress: info.remoteAddress,
  }
}
