import { codeOf, isTwiinError, singleLine } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { decodeAssociateRequest, encodeAssociateAccept } from './associate-pdu.ts'
import type { AssociateRequest } from './associate-pdu.ts'
import { abortReasonOf, dimseError } from '../dimse-error.ts'
import type { AcceptorLimits, AcceptorTimeouts } from '../limits.ts'
import { MessageExchange } from '../message-exchange.ts'
import type { Room } from '../messages/room.ts'
import { offerOf } from '../services/offer.ts'
import { abortPdu, decodeAbort, decodePdvs, pduType, rejectPdu, releaseResponsePdu } from './pdu.ts'
import type { Rejection } from './pdu.ts'
import type { PduConnection } from './pdu-connection.ts'
import { answerContexts } from './presentation-context.ts'
import type { RoleSelection } from './user-information.ts'
import type { DimseProvider } from '../dimse-provider.ts'
import type { Admittance, AssociationEnd, AssociationInfo, TlsPeer } from '../store-provider.ts'
import { applicationContext, implementation, isAeTitle } from '../uids.ts'
import { claimedUser, credentialsOf } from './user-identity.ts'
import type { UserInformation } from './user-information.ts'

export interface AssociationAcceptorOptions {
  id: string
  remoteAddress: string
  tls: TlsPeer | undefined
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
  readonly #provider: DimseProvider
  readonly #clock: Clock
  readonly #log: Logger
  readonly #room: Room
  /** An A-ASSOCIATE-RQ came in. */
  #heard = false

  constructor(
    options: AssociationAcceptorOptions,
    deps: { connection: PduConnection; provider: DimseProvider; room: Room; clock: Clock; log: Logger },
  ) {
    this.#options = options
    this.#connection = deps.connection
    this.#provider = deps.provider
    this.#clock = deps.clock
    this.#room = deps.room
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

  #infoOf({ callingAe, calledAe, user }: AssociateRequest): AssociationInfo {
    const { id, remoteAddress, tls } = this.#options
    const claimed = claimedUser(user.identity)
    return {
      id,
      callingAe,
      calledAe,
      remoteAddress,
      ...(tls !== undefined && { tls }),
      ...(claimed !== undefined && { user: claimed }),
    }
  }

  #judge(request: AssociateRequest, info: AssociationInfo): keyof typeof rejections | 'accept' {
    if (this.#options.overLimit) return 'local-limit-exceeded'
    if ((request.protocolVersion & 1) === 0) return 'protocol-version-not-supported'
    if (request.applicationContext !== applicationContext) return 'application-context-not-supported'
    if (!isAeTitle(info.callingAe)) return 'calling-ae-not-recognized'
    if (!isAeTitle(info.calledAe)) return 'called-ae-not-recognized'
    return this.#provider.admit(info, credentialsOf(request.user.identity))
  }

  async #reject(info: AssociationInfo, why: keyof typeof rejections): Promise<void> {
    this.#log.warn('dimse.association.rejected', { why, ...factsOf(info) })
    await this.#connection.finish(rejectPdu(rejections[why]))
  }

  async #serve(request: AssociateRequest, info: AssociationInfo): Promise<void> {
    const { answers, accepted, roles } = answerContexts(
      { contexts: request.contexts, ...request.user },
      (abstractSyntax) => offerOf(abstractSyntax, this.#provider, info),
    )
    const { limits, timeouts } = this.#options
    const peerMaxPduLength = request.user.maxPduLength
    const ours = this.#answerUser(request.user, roles)
    const messages = new MessageExchange(
      {
        association: info,
        contexts: accepted,
        peerMaxPduLength,
        limits,
        window: ours.operations?.invoked ?? 1,
        subOperationMs: timeouts.subOperationMs,
        cancelMs: timeouts.subOperationMs,
      },
      {
        services: this.#provider,
        log: this.#log,
        clock: this.#clock,
        room: this.#room,
        write: (pdu) => this.#connection.write(pdu),
        fail: (error) => this.#connection.fail(error),
      },
    )
    this.#log.info('dimse.association.accepted', {
      ...factsOf(info),
      contexts: accepted.size,
      proposed: answers.length,
      peerMaxPduLength,
      peer: singleLine(request.user.implementationVersion),
    })
    let how: AssociationEnd = 'aborted'
    let why: Error = dimseError('ASSOCIATION_CLOSED', { by: 'peer' })
    try {
      await this.#connection.write(encodeAssociateAccept({ ...request, contexts: answers, user: ours }))
      how = await this.#exchange(messages)
    } catch (error) {
      why = error as Error
      if (codeOf(why) === 'ASSOCIATION_LOST') how = 'lost'
      throw error
    } finally {
      if (how !== 'released') this.#connection.fail(why) // what still writes must not wait for a peer that is gone
      await messages.close(why, codeOf(why) === 'ASSOCIATION_CLOSED' ? 'ASSOCIATION_ABORTED' : codeOf(why))
      this.#log.info('dimse.association.ended', { how })
      this.#provider.associationEnded?.(info, how)
    }
    await this.#connection.finish(how === 'released' ? releaseResponsePdu : undefined)
  }

  #answerUser({ operations, identity }: UserInformation, roles: RoleSelection[]): UserInformation {
    const { maxPduLength, maxOperations } = this.#options.limits
    return {
      maxPduLength,
      implementationClassUid: implementation.classUid,
      implementationVersion: implementation.versionName,
      // 0 is no limit (PS3.7 D.3.3.3); we ask for one thing at a time ourselves
      ...(operations !== undefined && {
        operations: { invoked: Math.min(operations.invoked || maxOperations, maxOperations), performed: 1 },
      }),
      ...(roles.length > 0 && { roles }),
      ...(identity?.wantsAnswer === true && identity.type <= 2 && { identityAccepted: true }),
    }
  }

  /** Until the peer ends it. */
  async #exchange(messages: MessageExchange): Promise<AssociationEnd> {
    const expected = [pduType.data, pduType.releaseRequest, pduType.abort]
    for (;;) {
      const pdu = await this.#connection.read(expected, {
        for: 'the next PDU',
        ms: this.#options.timeouts.idleMs,
        // It waits for us; unless we wait for the rest of what it began to say.
        while: () => messages.running > 0 && !messages.busy,
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

function factsOf(info: AssociationInfo) {
  return {
    callingAe: singleLine(info.callingAe),
    calledAe: singleLine(info.calledAe),
    remoteAddress: info.remoteAddress,
  }
}
