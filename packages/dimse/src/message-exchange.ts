import type { Clock, Logger } from '@twiin/runtime'
import type { AcceptorLimits } from './limits.ts'
import { commandField } from './messages/command-set.ts'
import type { Command } from './messages/command-set.ts'
import { IncomingMessages } from './messages/incoming-messages.ts'
import { Invocations } from './messages/invocations.ts'
import { MessageWriter } from './messages/message-writer.ts'
import type { Room } from './messages/room.ts'
import { RequestServer } from './services/request-server.ts'
import type { Services } from './services/incoming-request.ts'
import type { AssociationInfo } from './store-provider.ts'
import type { Pdv } from './upper-layer/pdu.ts'
import type { AcceptedContext } from './upper-layer/presentation-context.ts'

export interface MessageExchangeOptions {
  association: AssociationInfo
  contexts: ReadonlyMap<number, AcceptedContext>
  peerMaxPduLength: number
  limits: AcceptorLimits
  /** How many requests of the peer may run at once. */
  window: number
  subOperationMs: number
  cancelMs: number
}

interface Deps {
  services: Services
  room: Room
  write: (pdu: Buffer) => Promise<void>
  clock: Clock
  log: Logger
  /** Ends the association. */
  fail: (error: Error) => void
}

/** Responses that wait for whoever asked, until reading stops. */
const queuedResponses = 16

/** The messages of one association, both ways: what the peer asks goes to the services, what it answers to who asked. */
export class MessageExchange {
  readonly invocations: Invocations
  readonly #incoming: IncomingMessages
  readonly #server: RequestServer

  constructor(options: MessageExchangeOptions, deps: Deps) {
    const { limits, contexts, cancelMs } = options
    const writer = new MessageWriter(options, deps)
    this.invocations = new Invocations(
      { maxDataSetBytes: limits.maxIdentifierBytes, queuedResponses, cancelMs },
      { ...deps, writer },
    )
    this.#server = new RequestServer(options, { ...deps, writer, invocations: this.invocations })
    this.#incoming = new IncomingMessages(limits, {
      contexts,
      begin: (context, command) => this.#begin(context, command),
    })
  }

  /** Throws what must end the association. */
  async handle(pdv: Pdv): Promise<void> {
    await this.#incoming.handle(pdv)
  }

  /** A message has begun and not ended. */
  get busy(): boolean {
    return this.#incoming.busy
  }

  /** Requests of the peer that run. */
  get running(): number {
    return this.#server.running
  }

  /** Nothing more will come: what runs is cancelled and awaited, what waits is told `why`. */
  async close(why: Error, reason: string): Promise<void> {
    this.invocations.close(why)
    await this.#incoming.abandon(reason)
    await this.#server.close()
  }

  async #begin(context: AcceptedContext, command: Command) {
    const isResponse = (command.commandField & commandField.response) !== 0
    if (isResponse) return this.invocations.take(context.id, command)
    this.invocations.alive() // a sub-operation or report: it is at work on what we asked
    return this.#server.begin(context, command)
  }
}
