import { codeOf, singleLine } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Association, Query, StoreOptions, StoreOutcome } from './association.ts'
import type { OutgoingInstance } from './retrieval.ts'
import type { CommitmentRequest, CommitmentResult } from './commitment.ts'
import { abortReasonOf, dimseError } from './dimse-error.ts'
import type { DimseProvider } from './dimse-provider.ts'
import type { SubOperations } from './retrieval.ts'
import { acceptorLimits } from './limits.ts'
import type { RequestorTimeouts } from './limits.ts'
import { Room } from './messages/room.ts'
import { MessageExchange } from './message-exchange.ts'
import { commandField } from './messages/command-set.ts'
import type { Command } from './messages/command-set.ts'
import { askForMany } from './services/ask.ts'
import type { Question } from './services/ask.ts'
import { encodeCommitmentRequest } from './services/commitment-data-set.ts'
import { progressOf } from './services/retrieval-answer.ts'
import { encodingFor, reportRequest } from './services/serve-commitment.ts'
import { storeRequest } from './services/store-request.ts'
import { dimseStatus } from './status.ts'
import type { StoreStatus } from './status.ts'
import type { AssociationInfo, OpenStore } from './store-provider.ts'
import { Turns } from './turns.ts'
import { storageCommitmentPush, verificationClass, wellKnownCommitmentInstance } from './uids.ts'
import {
  abortPdu,
  decodeAbort,
  decodePdvs,
  pduType,
  releaseRequestPdu,
  releaseResponsePdu,
} from './upper-layer/pdu.ts'
import type { PduConnection } from './upper-layer/pdu-connection.ts'
import type { Pdu } from './upper-layer/pdu-reader.ts'
import type { AcceptedContext } from './upper-layer/presentation-context.ts'
import { Watchdog } from './upper-layer/watchdog.ts'

export interface RequestedAssociationOptions {
  association: AssociationInfo
  contexts: ReadonlyMap<number, AcceptedContext>
  peerMaxPduLength: number
  /** C-STOREs that may overlap. */
  window: number
  timeouts: RequestorTimeouts
}

interface Deps {
  connection: PduConnection
  clock: Clock
  log: Logger
  committed: DimseProvider['committed']
}

/** The requestor's side of an association that was accepted. */
export class RequestedAssociation implements Association {
  readonly window: number
  readonly #options: RequestedAssociationOptions
  readonly #connection: PduConnection
  readonly #log: Logger
  readonly #messages: MessageExchange
  readonly #turns: Turns
  readonly #releaseTimer: Watchdog
  readonly #released = Promise.withResolvers<void>()
  /** While a C-GET runs: where its instances go. */
  #receiving: OpenStore | undefined
  #releasing = false
  #ended: Error | undefined

  constructor(options: RequestedAssociationOptions, deps: Deps) {
    this.#options = options
    this.#connection = deps.connection
    this.#log = deps.log
    this.window = options.window
    this.#turns = new Turns(options)
    this.#releaseTimer = new Watchdog({
      clock: deps.clock,
      onExpired: (waitingFor) => this.#end(dimseError('DIMSE_TIMEOUT', { waitingFor })),
    })
    const { progressMs, cancelMs } = options.timeouts
    this.#messages = new MessageExchange(
      { ...options, limits: acceptorLimits, window: 1, subOperationMs: progressMs, cancelMs },
      {
        ...deps,
        room: new Room(acceptorLimits.maxCommitmentBytesTogether),
        services: {
          openStore: async (request) =>
            this.#receiving === undefined ? { refuse: dimseStatus.notAuthorised } : this.#receiving(request),
          ...(deps.committed !== undefined && { committed: deps.committed }),
        },
        write: (pdu) => deps.connection.write(pdu),
        fail: (error) => this.#end(error),
      },
    )
    void this.#receive()
  }

  accepts(sopClassUid: string, transferSyntaxUid: string): boolean {
    return this.#contextFor(sopClassUid, transferSyntaxUid) !== undefined
  }

  async echo(): Promise<StoreStatus> {
    const { status = 0 } = await this.#turns.take('alone', async () => {
      const { id: contextId } = this.#require(this.#contextFor(verificationClass), verificationClass)
      const command = { commandField: commandField.echoRequest, affectedSopClassUid: verificationClass }
      return this.#messages.invocations.request({ contextId, command }, this.#options.timeouts.responseMs)
    })
    return status
  }

  async store(
    instance: OutgoingInstance,
    { signal, moveOriginator }: StoreOptions = {},
  ): Promise<StoreOutcome> {
    const { sopClassUid, transferSyntaxUid } = instance
    const response = await this.#turns.take('overlapping', async () => {
      const context = this.#require(this.#contextFor(sopClassUid, transferSyntaxUid), sopClassUid)
      signal?.throwIfAborted()
      const onAbort = () => this.#end(dimseError('ASSOCIATION_ABORTED', { by: 'us' }, signal?.reason))
      signal?.addEventListener('abort', onAbort, { once: true })
      return this.#messages.invocations
        .request(storeRequest(instance, context, moveOriginator), this.#options.timeouts.responseMs)
        .finally(() => signal?.removeEventListener('abort', onAbort))
    })
    return outcomeOf(response)
  }

  find(query: Query): AsyncGenerator<Buffer> {
    const { responseMs } = this.#options.timeouts
    return this.#ask(
      { ...query, command: commandField.findRequest, waitMs: responseMs },
      ({ dataSet }) => dataSet,
    )
  }

  move(query: Query & { readonly destinationAe: string }): AsyncGenerator<SubOperations> {
    const waitMs = this.#options.timeouts.retrieveMs
    return this.#ask(
      { ...query, command: commandField.moveRequest, waitMs },
      progressOf(query.transferSyntaxUid),
    )
  }

  get(query: Query, openStore: OpenStore): AsyncGenerator<SubOperations> {
    const waitMs = this.#options.timeouts.retrieveMs
    return this.#ask(
      { ...query, command: commandField.getRequest, waitMs },
      progressOf(query.transferSyntaxUid),
      openStore,
    )
  }

  async requestCommitment(request: CommitmentRequest): Promise<StoreOutcome> {
    const response = await this.#turns.take('alone', async () => {
      const context = this.#require(this.#contextFor(storageCommitmentPush), storageCommitmentPush)
      const message = {
        contextId: context.id,
        command: {
          commandField: commandField.actionRequest,
          requestedSopClassUid: storageCommitmentPush,
          requestedSopInstanceUid: wellKnownCommitmentInstance,
          actionTypeId: 1,
        },
        dataSet: [await encodeCommitmentRequest(request, encodingFor(context))],
      }
      return this.#messages.invocations.request(message, this.#options.timeouts.responseMs)
    })
    return outcomeOf(response)
  }

  async reportCommitment(result: CommitmentResult): Promise<StoreOutcome> {
    const response = await this.#turns.take('alone', async () => {
      const context = [...this.#options.contexts.values()].find(
        ({ abstractSyntax, weAre }) => abstractSyntax === storageCommitmentPush && weAre.provider,
      )
      const message = await reportRequest(result, this.#require(context, storageCommitmentPush))
      return this.#messages.invocations.request(message, this.#options.timeouts.responseMs)
    })
    return outcomeOf(response)
  }

  async release(): Promise<void> {
    await this.#turns.take('alone', async () => {
      if (this.#ended !== undefined) return
      this.#releasing = true
      this.#releaseTimer.arm('A-RELEASE-RP', this.#options.timeouts.releaseMs)
      await this.#connection.write(releaseRequestPdu).catch(() => {}) // the receiving side tells what happened
      await this.#released.promise
    })
  }

  abort(): void {
    this.#end(dimseError('ASSOCIATION_ABORTED', { by: 'us' }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async *#ask<T>(
    question: Question,
    valueOf: (response: { command: Command; dataSet?: Buffer }) => T | undefined,
    openStore?: OpenStore,
  ): AsyncGenerator<T> {
    const end = await this.#turns.begin('alone')
    try {
      const context = this.#contextFor(question.sopClassUid, question.transferSyntaxUid)
      const { id } = this.#require(context, question.sopClassUid)
      this.#receiving = openStore
      yield* askForMany({ ...question, contextId: id }, { invocations: this.#messages.invocations, valueOf })
    } finally {
      this.#receiving = undefined
      end()
    }
  }

  /** Where we are user of a class, in this syntax or in any. */
  #contextFor(sopClassUid: string, transferSyntaxUid?: string): AcceptedContext | undefined {
    return [...this.#options.contexts.values()].find(
      ({ abstractSyntax, transferSyntax, weAre }) =>
        abstractSyntax === sopClassUid &&
        (transferSyntaxUid === undefined || transferSyntax === transferSyntaxUid) &&
        weAre.user,
    )
  }

  #require(context: AcceptedContext | undefined, sopClass: string): AcceptedContext {
    if (this.#ended !== undefined) throw this.#ended
    if (context === undefined) throw dimseError('CONTEXT_NOT_ACCEPTED', { sopClass })
    return context
  }

  async #receive(): Promise<void> {
    const expected = [pduType.data, pduType.releaseRequest, pduType.releaseResponse, pduType.abort]
    try {
      while (this.#ended === undefined)
        await this.#handle(await this.#connection.read(expected, { for: 'a response' }))
    } catch (error) {
      this.#end(error as Error)
    }
    const why = this.#ended ?? closed('us')
    await this.#messages.close(why, codeOf(why))
  }

  async #handle(pdu: Pdu): Promise<void> {
    if (pdu.type === pduType.abort)
      throw dimseError('ASSOCIATION_ABORTED', { by: 'peer', ...decodeAbort(pdu.body) })
    if (pdu.type === pduType.releaseRequest) return this.#end(closed('peer'), releaseResponsePdu)
    if (pdu.type === pduType.releaseResponse) return this.#end(closed('us'), Buffer.alloc(0))
    if (this.#releasing) return // its sender hears no answer, and comes back
    for (const pdv of decodePdvs(pdu.body)) await this.#messages.handle(pdv)
  }

  /** Once, for whatever reason; `lastWord` when it is not an A-ABORT. */
  #end(why: Error, lastWord?: Buffer): void {
    if (this.#ended !== undefined) return
    this.#ended = why
    this.#releaseTimer.close()
    this.#messages.invocations.close(why)
    if (lastWord === undefined) {
      this.#log.warn('dimse.association.broken', { code: codeOf(why) })
      const reason = abortReasonOf(codeOf(why))
      this.#connection.abort(reason === 0 ? abortPdu(0, 0) : abortPdu(2, reason), why)
      this.#released.resolve()
    } else {
      void this.#connection.finish(lastWord).then(this.#released.resolve)
    }
  }
}

const closed = (by: string) => dimseError('ASSOCIATION_CLOSED', { by })

function outcomeOf({ status = 0, errorComment }: Command): StoreOutcome {
  return { status, ...(errorComment !== undefined && { comment: singleLine(errorComment) }) }
}
