import type { Logger } from '@twiin/runtime'
import { commandField, decodeCommand } from './command-set.ts'
import type { Command } from './command-set.ts'
import { dimseError } from './dimse-error.ts'
import type { AcceptorLimits } from './limits.ts'
import { CommandAssembler, writeCommand } from './message-fragments.ts'
import type { Pdv } from './pdu.ts'
import type { AcceptedContext } from './presentation-context.ts'
import { dimseStatus } from './status.ts'
import type { StoreStatus } from './status.ts'
import type { AssociationInfo, StoreProvider } from './store-provider.ts'
import { StoreReceiver } from './store-receiver.ts'
import { verificationClass } from './uids.ts'

export interface MessageServerOptions {
  association: AssociationInfo
  contexts: ReadonlyMap<number, AcceptedContext>
  peerMaxPduLength: number
  limits: AcceptorLimits
}

/** Serves the messages of one association, one after another: C-ECHO, C-STORE, and a refusal for the rest. */
export class MessageServer {
  readonly #options: MessageServerOptions
  readonly #deps: { provider: StoreProvider; log: Logger; write: (pdu: Buffer) => Promise<void> }
  readonly #command: CommandAssembler
  /** The request whose data set is arriving. */
  #receiving: { context: AcceptedContext; request: Command; receiver: StoreReceiver } | undefined

  constructor(
    options: MessageServerOptions,
    deps: { provider: StoreProvider; log: Logger; write: (pdu: Buffer) => Promise<void> },
  ) {
    this.#options = options
    this.#deps = deps
    this.#command = new CommandAssembler({ maxBytes: options.limits.maxCommandBytes })
  }

  /** Throws what must end the association: a value no rule allows here. */
  async handle(pdv: Pdv): Promise<void> {
    const context = this.#options.contexts.get(pdv.contextId)
    if (context === undefined) throw dimseError('PDU_MALFORMED', { what: 'context not accepted' })
    if (pdv.isCommand) {
      if (this.#receiving !== undefined)
        throw dimseError('PDU_UNEXPECTED', { what: 'command inside a data set' })
      const whole = this.#command.add(pdv)
      if (whole !== undefined) await this.#begin(context, decodeCommand(whole))
    } else {
      if (this.#receiving?.context !== context)
        throw dimseError('PDU_UNEXPECTED', { what: 'data set fragment' })
      await this.#receiving.receiver.write(pdv.fragment)
      if (pdv.isLast) await this.#complete()
    }
  }

  /** A message has begun and not ended. */
  get busy(): boolean {
    return this.#receiving !== undefined || this.#command.pending
  }

  /** No more will come. */
  async abandon(reason: string): Promise<void> {
    await this.#receiving?.receiver.abort(reason)
    this.#receiving = undefined
  }

  async #begin(context: AcceptedContext, request: Command): Promise<void> {
    if (request.commandField === commandField.cancelRequest) return // nothing here runs long enough to be cancelled
    if (request.commandField >= commandField.response || request.messageId === undefined) {
      throw dimseError('COMMAND_MALFORMED', { commandField: request.commandField })
    }
    const target = refusalOf(request, context)
    if (!request.hasDataSet) return this.#respond(context, request, target ?? dimseStatus.success)
    const { limits } = this.#options
    this.#receiving = {
      context,
      request,
      receiver:
        target === undefined
          ? await StoreReceiver.open(this.#storeRequest(context, request), limits, this.#deps)
          : StoreReceiver.refusing(target, limits, this.#deps),
    }
  }

  #storeRequest(context: AcceptedContext, request: Command) {
    return {
      association: this.#options.association,
      sopClassUid: request.affectedSopClassUid ?? '',
      sopInstanceUid: request.affectedSopInstanceUid ?? '',
      transferSyntaxUid: context.transferSyntax,
    }
  }

  async #complete(): Promise<void> {
    if (this.#receiving === undefined) return
    const { context, request, receiver } = this.#receiving
    const status = await receiver.finish()
    this.#receiving = undefined
    await this.#respond(context, request, status)
  }

  async #respond(context: AcceptedContext, request: Command, status: StoreStatus): Promise<void> {
    const { affectedSopClassUid, affectedSopInstanceUid, messageId = 0 } = request
    const command: Command = {
      ...(affectedSopClassUid !== undefined && { affectedSopClassUid }),
      commandField: request.commandField | commandField.response,
      messageIdBeingRespondedTo: messageId,
      hasDataSet: false,
      status,
      ...(affectedSopInstanceUid !== undefined && { affectedSopInstanceUid }),
    }
    await writeCommand(
      { contextId: context.id, peerMaxPduLength: this.#options.peerMaxPduLength, command },
      this.#deps,
    )
  }
}

/** Why a request is refused before its data set is looked at (PS3.7 §9.1.1.1.9, annex C). */
function refusalOf(request: Command, context: AcceptedContext): StoreStatus | undefined {
  const isEcho = request.commandField === commandField.echoRequest
  if (!isEcho && request.commandField !== commandField.storeRequest) return dimseStatus.unrecognisedOperation
  if (request.affectedSopClassUid !== context.abstractSyntax) return dimseStatus.classNotSupported
  if (isEcho) return request.hasDataSet ? dimseStatus.mistypedArgument : undefined
  if (context.abstractSyntax === verificationClass) return dimseStatus.unrecognisedOperation
  if (request.affectedSopInstanceUid === undefined) return dimseStatus.invalidInstance
  return request.hasDataSet ? undefined : dimseStatus.cannotUnderstand
}
