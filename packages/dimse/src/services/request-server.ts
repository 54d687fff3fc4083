import type { Clock, Logger } from '@twiin/runtime'
import { dimseError } from '../dimse-error.ts'
import type { AcceptorLimits } from '../limits.ts'
import { commandField } from '../messages/command-set.ts'
import type { Command } from '../messages/command-set.ts'
import { CollectedDataSet } from '../messages/data-set-target.ts'
import type { DataSetTarget } from '../messages/data-set-target.ts'
import type { Invocations } from '../messages/invocations.ts'
import type { Room } from '../messages/room.ts'
import type { MessageWriter } from '../messages/message-writer.ts'
import { dimseStatus } from '../status.ts'
import type { AssociationInfo } from '../store-provider.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'
import { OperationTable } from './operation-table.ts'
import type { Operation } from './operation-table.ts'
import type { Answer } from './operation.ts'
import { refusalOf } from './refusal.ts'
import { responseTo } from './response.ts'
import type { Services } from './incoming-request.ts'
import { serveRequest } from './serve-request.ts'
import { StoreReceiver } from './store-receiver.ts'

export interface RequestServerOptions {
  association: AssociationInfo
  contexts: ReadonlyMap<number, AcceptedContext>
  limits: AcceptorLimits
  /** How many requests of the peer may run at once, as negotiated. */
  window: number
  /** For the peer's answer to what we send it on its own request: a C-STORE sub-operation, a report. */
  subOperationMs: number
}

export interface RequestServerDeps {
  services: Services
  writer: MessageWriter
  /** For the data sets of commitments. */
  room: Room
  invocations: Invocations
  clock: Clock
  log: Logger
  /** Ends the association. */
  fail: (error: Error) => void
}

/**
 * Serves the requests of the peer. C-ECHO and, in a window of one, C-STORE are served while nothing more is read. The others
 * run while reading goes on, because a C-CANCEL or an answer to a sub-operation may come; as many as the window allows.
 */
export class RequestServer {
  readonly #options: RequestServerOptions
  readonly #deps: RequestServerDeps
  readonly #operations: OperationTable

  constructor(options: RequestServerOptions, deps: RequestServerDeps) {
    this.#options = options
    this.#deps = deps
    this.#operations = new OperationTable(options)
  }

  /** Requests that run. */
  get running(): number {
    return this.#operations.size
  }

  /** A request is in; returns where its data set goes. Throws what must end the association. */
  async begin(context: AcceptedContext, request: Command): Promise<DataSetTarget | undefined> {
    if (request.commandField === commandField.cancelRequest) {
      this.#operations.cancel(request.messageIdBeingRespondedTo)
      return undefined
    }
    const { messageId } = request
    if (messageId === undefined || request.commandField >= commandField.response) {
      throw dimseError('COMMAND_MALFORMED', { commandField: request.commandField })
    }
    const refused = refusalOf(request, context, this.#deps.services)
    if (refused !== undefined) return this.#refuse(context, request, refused)
    if (request.commandField === commandField.echoRequest) {
      await this.#respond(context, request, { status: dimseStatus.success })
      return undefined
    }
    if (this.#operations.has(messageId))
      return this.#refuse(context, request, dimseStatus.duplicateInvocation)
    const operation = await this.#operations.begin(messageId)
    if (operation === undefined) return this.#refuse(context, request, dimseStatus.resourceLimitation)
    return request.commandField === commandField.storeRequest
      ? this.#receive(context, request, operation)
      : this.#collect(context, request, operation)
  }

  /** Nothing more will come: cancels what runs, and resolves when it has ended. */
  close(): Promise<void> {
    return this.#operations.close()
  }

  async #refuse(
    context: AcceptedContext,
    request: Command,
    status: number,
  ): Promise<DataSetTarget | undefined> {
    const respond = () => this.#respond(context, request, { status })
    if (!request.hasDataSet) return void (await respond())
    return new CollectedDataSet({ maxBytes: 0 }, { done: respond })
  }

  async #receive(context: AcceptedContext, request: Command, operation: Operation): Promise<DataSetTarget> {
    const { limits, association, window } = this.#options
    const { moveOriginatorAe: aeTitle, moveOriginatorMessageId: messageId } = request
    const receiver = await StoreReceiver.open(
      {
        association,
        sopClassUid: context.abstractSyntax,
        sopInstanceUid: request.affectedSopInstanceUid ?? '',
        transferSyntaxUid: context.transferSyntax,
        ...(aeTitle !== undefined && messageId !== undefined && { moveOriginator: { aeTitle, messageId } }),
      },
      limits,
      { openStore: (opened) => this.#deps.services.openStore(opened), log: this.#deps.log },
    )
    const finish = async () => this.#respond(context, request, { status: await receiver.finish() })
    return {
      write: (fragment) => receiver.write(fragment),
      end: async () => {
        const ended = operation.run(finish)
        if (window <= 1) await ended
        else ended.catch(this.#deps.fail) // the next request may be read while this one becomes durable
      },
      abort: async (reason) => {
        await receiver.abort(reason)
        operation.end()
      },
    }
  }

  #collect(context: AcceptedContext, request: Command, operation: Operation): DataSetTarget {
    const { limits, association, subOperationMs } = this.#options
    const isQuery = queries.has(request.commandField)
    const collected: CollectedDataSet = new CollectedDataSet(
      { maxBytes: isQuery ? limits.maxIdentifierBytes : limits.maxCommitmentBytes },
      {
        ...(!isQuery && { room: this.#deps.room }),
        done: async (dataSet) => {
          const responded = Promise.withResolvers<void>()
          const respond = async (answer: Answer) => {
            await this.#respond(context, request, answer)
            if (answer.status !== dimseStatus.pending) responded.resolve()
          }
          const { contexts } = this.#options
          const work = () =>
            serveRequest(
              { context, request, dataSet, association, contexts, subOperationMs },
              { ...this.#deps, respond, responded: responded.promise, operation },
            )
          operation.run(() => work().finally(() => collected.letGo())).catch(this.#deps.fail)
        },
      },
    )
    return {
      write: (fragment) => collected.write(fragment),
      end: () => collected.end(),
      abort: async () => {
        await collected.abort()
        operation.end()
      },
    }
  }

  #respond(context: AcceptedContext, request: Command, answer: Answer): Promise<void> {
    const { dataSet } = answer
    return this.#deps.writer.send({
      contextId: context.id,
      command: responseTo(request, answer),
      ...(dataSet !== undefined && { dataSet: [dataSet] }),
    })
  }
}

const queries = new Set<number>([commandField.findRequest, commandField.moveRequest, commandField.getRequest])
