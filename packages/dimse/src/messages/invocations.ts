import { codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { dimseError } from '../dimse-error.ts'
import { isStored } from '../status.ts'
import { Watchdog } from '../upper-layer/watchdog.ts'
import { commandField } from './command-set.ts'
import type { Command } from './command-set.ts'
import { CollectedDataSet } from './data-set-target.ts'
import type { MessageWriter, OutgoingMessage } from './message-writer.ts'
import { ResponseQueue, isPending } from './response-queue.ts'
import type { Response } from './response-queue.ts'

export type OutgoingRequest = Omit<OutgoingMessage, 'command' | 'onLast'> & {
  command: Omit<Command, 'hasDataSet' | 'messageId'>
}

/** A request under way: over when it is sent and finally answered, both. */
interface Invocation {
  contextId: number
  waitMs: number
  sent: boolean
  early?: Response
  isFinal: (response: Response) => boolean
  deliver: (response: Response) => Promise<void> | void
  fail: (error: Error) => void
}

interface Options {
  /** Of a data set in a response. */
  maxDataSetBytes: number
  /** Pending responses that wait for who asked. */
  queuedResponses: number
  /** From a C-CANCEL to the final response. */
  cancelMs: number
}

interface Deps {
  writer: MessageWriter
  clock: Clock
  /** Ends the association. */
  fail: (error: Error) => void
}

/** The requests that this side makes on an association, matched with their responses by message ID. */
export class Invocations {
  readonly #options: Options
  readonly #deps: Deps
  readonly #open = new Map<number, Invocation>()
  readonly #response: Watchdog
  readonly #cancelled: Watchdog
  #lastMessageId = 0
  #closed: Error | undefined

  constructor(options: Options, deps: Deps) {
    this.#options = options
    this.#deps = deps
    const onExpired = (waitingFor: string) => deps.fail(dimseError('DIMSE_TIMEOUT', { waitingFor }))
    this.#response = new Watchdog({ clock: deps.clock, onExpired })
    this.#cancelled = new Watchdog({ clock: deps.clock, onExpired })
  }

  /** A request that is answered once. `waitMs`: from our last byte to the response. */
  request(request: OutgoingRequest, waitMs: number): Promise<Command> {
    const { promise, resolve, reject } = Promise.withResolvers<Command>()
    const deliver = ({ command }: Response) => resolve(command)
    this.#start(request, { waitMs, isFinal: () => true, deliver, fail: reject })
    return promise
  }

  /** A request that is answered several times. `waitMs`: between two responses. */
  stream(request: OutgoingRequest, waitMs: number): { responses: ResponseQueue; cancel: () => void } {
    const responses = new ResponseQueue({ capacity: this.#options.queuedResponses })
    const messageId = this.#start(request, {
      waitMs,
      isFinal: (response) => !isPending(response),
      deliver: (response) => responses.add(response),
      fail: (error) => responses.fail(error),
    })
    return { responses, cancel: () => this.#cancel(messageId, request.contextId, responses) }
  }

  /** Of a response whose command is in. Throws what must end the association. */
  async take(contextId: number, command: Command): Promise<CollectedDataSet | undefined> {
    const invocation = this.#open.get(command.messageIdBeingRespondedTo ?? 0)
    if (invocation?.contextId !== contextId || command.status === undefined) {
      throw dimseError('COMMAND_MALFORMED', { what: 'response' })
    }
    if (!command.hasDataSet) return void (await this.#deliver(invocation, { command }))
    return new CollectedDataSet(
      { maxBytes: this.#options.maxDataSetBytes },
      {
        done: async (dataSet) => {
          if (dataSet === undefined) throw dimseError('DATA_SET_TOO_LONG', { what: 'response' })
          await this.#deliver(invocation, { command, dataSet })
        },
      },
    )
  }

  /** The peer shows that it is at work on what we asked. */
  alive(): void {
    const waits = [...this.#open.values()].filter(({ sent }) => sent).map(({ waitMs }) => waitMs)
    if (waits.length === 0) this.#response.disarm()
    else this.#response.arm('the response', Math.max(...waits))
  }

  /** No response will come any more. */
  close(why: Error): void {
    this.#closed ??= why
    this.#response.close()
    this.#cancelled.close()
    for (const invocation of this.#open.values()) invocation.fail(why)
    this.#open.clear()
  }

  #start(
    request: OutgoingRequest,
    answers: Pick<Invocation, 'waitMs' | 'isFinal' | 'deliver' | 'fail'>,
  ): number {
    if (this.#closed !== undefined) {
      answers.fail(this.#closed)
      return 0
    }
    const messageId = this.#nextMessageId()
    const invocation: Invocation = { ...answers, contextId: request.contextId, sent: false }
    this.#open.set(messageId, invocation)
    const onLast = () => {
      invocation.sent = true
      this.alive()
      if (invocation.early !== undefined) void this.#deliver(invocation, invocation.early)
    }
    const command = { ...request.command, messageId }
    this.#deps.writer.send({ ...request, command, onLast }).catch((error: unknown) => {
      invocation.fail(error as Error) // what a data set threw is its owner's own error
      this.#deps.fail(dimseError('ASSOCIATION_ABORTED', { by: 'us', cause: codeOf(error) }, error))
    })
    return messageId
  }

  /** Not one that is in use: a long retrieval may outlast 65,535 others. */
  #nextMessageId(): number {
    do this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1
    while (this.#open.has(this.#lastMessageId))
    return this.#lastMessageId
  }

  async #deliver(invocation: Invocation, response: Response): Promise<void> {
    if (!invocation.sent) {
      // a refusal may come early; nobody can have done what was not asked yet
      if (isPending(response) || isStored(response.command.status ?? 0))
        throw dimseError('PDU_UNEXPECTED', { what: 'success before the end' })
      invocation.early = response
      return
    }
    if (invocation.isFinal(response)) {
      this.#open.delete(response.command.messageIdBeingRespondedTo ?? 0)
      if (this.#open.size === 0) this.#cancelled.disarm()
    }
    this.#response.disarm() // while who asked is busy, nobody waits for the peer
    await invocation.deliver(response)
    this.alive()
  }

  #cancel(messageId: number, contextId: number, responses: ResponseQueue): void {
    responses.dropPending()
    if (!this.#open.has(messageId)) return
    this.#cancelled.arm('the peer to stop after C-CANCEL', this.#options.cancelMs)
    const command = { commandField: commandField.cancelRequest, messageIdBeingRespondedTo: messageId }
    this.#deps.writer.send({ contextId, command }).catch(() => {}) // the receiving side tells what happened
  }
}
