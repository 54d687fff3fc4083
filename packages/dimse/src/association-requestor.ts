import { codeOf, singleLine } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Association, OutgoingInstance, StoreOutcome } from './association.ts'
import { commandField, decodeCommand } from './command-set.ts'
import type { Command } from './command-set.ts'
import { abortReasonOf, dimseError } from './dimse-error.ts'
import type { SubOperations } from './dimse-provider.ts'
import { acceptorLimits } from './limits.ts'
import type { RequestorTimeouts } from './limits.ts'
import { CommandAssembler, MessageFragmenter, writeCommand } from './message-fragments.ts'
import { abortPdu, decodeAbort, decodePdvs, pduType, releaseRequestPdu, releaseResponsePdu } from './pdu.ts'
import type { PduConnection } from './pdu-connection.ts'
import type { Pdu } from './pdu-reader.ts'
import { contextKey } from './presentation-context.ts'
import { isStored } from './status.ts'
import type { StoreStatus } from './status.ts'
import { transferSyntax, verificationClass } from './uids.ts'
import { Watchdog } from './watchdog.ts'

export interface RequestedAssociationOptions {
  /** Context ids by `contextKey`. */
  contexts: ReadonlyMap<string, number>
  peerMaxPduLength: number
  timeouts: RequestorTimeouts
}

/** A request under way: over when it is sent and answered, both. */
interface Exchange {
  messageId: number
  sent: boolean
  response?: Command
  outcome: PromiseWithResolvers<Command>
}

type Request = Omit<Command, 'messageId' | 'hasDataSet'>

/** The requestor's side of an association that was accepted. */
export class RequestedAssociation implements Association {
  readonly #options: RequestedAssociationOptions
  readonly #connection: PduConnection
  readonly #log: Logger
  readonly #timer: Watchdog
  readonly #command = new CommandAssembler({ maxBytes: acceptorLimits.maxCommandBytes })
  readonly #released = Promise.withResolvers<void>()
  #turn: Promise<unknown> = Promise.resolve()
  #exchange: Exchange | undefined
  #lastMessageId = 0
  #ended: Error | undefined

  constructor(
    options: RequestedAssociationOptions,
    deps: { connection: PduConnection; clock: Clock; log: Logger },
  ) {
    this.#options = options
    this.#connection = deps.connection
    this.#log = deps.log
    this.#timer = new Watchdog({
      clock: deps.clock,
      onExpired: (waitingFor) => this.#end(dimseError('DIMSE_TIMEOUT', { waitingFor })),
    })
    void this.#receive()
  }

  accepts(sopClassUid: string, transferSyntaxUid: string): boolean {
    return this.#options.contexts.has(contextKey(sopClassUid, transferSyntaxUid))
  }

  async echo(): Promise<StoreStatus> {
    const key = [...this.#options.contexts.keys()].find((candidate) =>
      candidate.startsWith(`${verificationClass} `),
    )
    const request = { commandField: commandField.echoRequest, affectedSopClassUid: verificationClass }
    const { status } = await this.#inTurn(() => this.#request(key, request))
    return status ?? 0
  }

  async store(instance: OutgoingInstance, { signal }: { signal?: AbortSignal } = {}): Promise<StoreOutcome> {
    const response = await this.#inTurn(async () => {
      signal?.throwIfAborted()
      const onAbort = () => this.#end(dimseError('ASSOCIATION_ABORTED', { by: 'us' }, signal?.reason))
      signal?.addEventListener('abort', onAbort, { once: true })
      const request = {
        commandField: commandField.storeRequest,
        affectedSopClassUid: instance.sopClassUid,
        affectedSopInstanceUid: instance.sopInstanceUid,
        priority: 0,
      }
      const key = contextKey(instance.sopClassUid, instance.transferSyntaxUid)
      return this.#request(key, request, instance.dataSet).finally(() =>
        signal?.removeEventListener('abort', onAbort),
      )
    })
    const { status = 0, errorComment } = response
    return { status, ...(errorComment !== undefined && { comment: singleLine(errorComment) }) }
  }

  readonly window = 1

  find(): AsyncIterable<Buffer> {
    throw dimseError('CONTEXT_NOT_ACCEPTED')
  }

  move(): AsyncIterable<SubOperations> {
    throw dimseError('CONTEXT_NOT_ACCEPTED')
  }

  get(): AsyncIterable<SubOperations> {
    throw dimseError('CONTEXT_NOT_ACCEPTED')
  }

  async requestCommitment(): Promise<StoreOutcome> {
    throw dimseError('CONTEXT_NOT_ACCEPTED')
  }

  async reportCommitment(): Promise<StoreOutcome> {
    throw dimseError('CONTEXT_NOT_ACCEPTED')
  }

  async release(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#ended !== undefined) return
      this.#timer.arm('A-RELEASE-RP', this.#options.timeouts.releaseMs)
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #request(
    key: string | undefined,
    request: Request,
    dataSet?: OutgoingInstance['dataSet'],
  ): Promise<Command> {
    if (this.#ended !== undefined) throw this.#ended
    const contextId = this.#options.contexts.get(key ?? '')
    if (contextId === undefined)
      throw dimseError('CONTEXT_NOT_ACCEPTED', { sopClass: request.affectedSopClassUid })
    this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1
    const exchange = {
      messageId: this.#lastMessageId,
      sent: false,
      outcome: Promise.withResolvers<Command>(),
    }
    this.#exchange = exchange
    this.#send(exchange, contextId, request, dataSet).catch((error: unknown) => {
      exchange.outcome.reject(error) // what a data set threw is its owner's own error
      this.#end(dimseError('ASSOCIATION_ABORTED', { by: 'us', cause: codeOf(error) }, error))
    })
    return exchange.outcome.promise
  }

  async #send(
    exchange: Exchange,
    contextId: number,
    request: Request,
    dataSet: OutgoingInstance['dataSet'] | undefined,
  ): Promise<void> {
    const { peerMaxPduLength, timeouts } = this.#options
    const write = (pdu: Buffer) => this.#connection.write(pdu)
    const command = { ...request, messageId: exchange.messageId, hasDataSet: dataSet !== undefined }
    await writeCommand({ contextId, peerMaxPduLength, command }, { write })
    if (dataSet !== undefined) {
      const fragmenter = new MessageFragmenter({ contextId, isCommand: false, peerMaxPduLength }, { write })
      for await (const chunk of dataSet()) await fragmenter.write(chunk)
      // spec PS3.5 A.5: a deflated stream of odd length gets a trailing NULL; every other data set is even by itself
      if (fragmenter.bytes % 2 === 1 && this.#isDeflated(contextId)) await fragmenter.write(Buffer.of(0))
      await fragmenter.end()
    }
    exchange.sent = true
    if (exchange.response !== undefined) this.#complete(exchange, exchange.response)
    else this.#timer.arm('the response', timeouts.responseMs)
  }

  #isDeflated(contextId: number): boolean {
    const [key = ''] = [...this.#options.contexts].find(([, id]) => id === contextId) ?? []
    return key.endsWith(` ${transferSyntax.deflatedExplicitVrLittleEndian}`)
  }

  async #receive(): Promise<void> {
    const expected = [pduType.data, pduType.releaseRequest, pduType.releaseResponse, pduType.abort]
    try {
      while (this.#ended === undefined)
        this.#handle(await this.#connection.read(expected, { for: 'a response' }))
    } catch (error) {
      this.#end(error as Error)
    }
  }

  #handle(pdu: Pdu): void {
    if (pdu.type === pduType.abort)
      throw dimseError('ASSOCIATION_ABORTED', { by: 'peer', ...decodeAbort(pdu.body) })
    if (pdu.type === pduType.releaseRequest) return this.#end(closed('peer'), releaseResponsePdu)
    if (pdu.type === pduType.releaseResponse) return this.#end(closed('us'), Buffer.alloc(0))
    for (const pdv of decodePdvs(pdu.body)) {
      if (!pdv.isCommand) throw dimseError('PDU_UNEXPECTED', { what: 'data set fragment' })
      const whole = this.#command.add(pdv)
      if (whole !== undefined) this.#take(decodeCommand(whole))
    }
  }

  #take(response: Command): void {
    const exchange = this.#exchange
    const isAnswer = exchange !== undefined && response.messageIdBeingRespondedTo === exchange.messageId
    if (!isAnswer || response.status === undefined)
      throw dimseError('COMMAND_MALFORMED', { what: 'response' })
    if (exchange.sent) return this.#complete(exchange, response)
    // a refusal may come early; nobody can have stored what was not sent yet
    if (isStored(response.status)) throw dimseError('PDU_UNEXPECTED', { what: 'success before the end' })
    exchange.response = response
  }

  #complete(exchange: Exchange, response: Command): void {
    this.#timer.disarm()
    this.#exchange = undefined
    exchange.outcome.resolve(response)
  }

  /** Once, for whatever reason; `lastWord` when it is not an A-ABORT. */
  #end(why: Error, lastWord?: Buffer): void {
    if (this.#ended !== undefined) return
    this.#ended = why
    this.#timer.close()
    this.#exchange?.outcome.reject(why)
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
