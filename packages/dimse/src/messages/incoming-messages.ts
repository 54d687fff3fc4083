import { dimseError } from '../dimse-error.ts'
import type { Pdv } from '../upper-layer/pdu.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'
import { decodeCommand } from './command-set.ts'
import type { Command } from './command-set.ts'
import type { DataSetTarget } from './data-set-target.ts'
import { CommandAssembler } from './message-fragments.ts'

interface Deps {
  contexts: ReadonlyMap<number, AcceptedContext>
  /** A command is in; returns where its data set goes, when `command.hasDataSet`. Throws what must end the association. */
  begin: (context: AcceptedContext, command: Command) => Promise<DataSetTarget | undefined>
}

/** Puts messages together from their fragments, in the one order the rules allow. Data sets are not kept. */
export class IncomingMessages {
  readonly #deps: Deps
  readonly #command: CommandAssembler
  /** The data set that is arriving. */
  #receiving: { context: AcceptedContext; target: DataSetTarget | undefined } | undefined

  constructor(options: { maxCommandBytes: number }, deps: Deps) {
    this.#command = new CommandAssembler({ maxBytes: options.maxCommandBytes })
    this.#deps = deps
  }

  /** Throws what must end the association: a value no rule allows here. */
  async handle(pdv: Pdv): Promise<void> {
    const context = this.#deps.contexts.get(pdv.contextId)
    if (context === undefined) throw dimseError('PDU_MALFORMED', { what: 'context not accepted' })
    if (pdv.isCommand) {
      if (this.#receiving !== undefined)
        throw dimseError('PDU_UNEXPECTED', { what: 'command inside a data set' })
      const whole = this.#command.add(pdv)
      if (whole === undefined) return
      const command = decodeCommand(whole)
      const target = await this.#deps.begin(context, command)
      if (command.hasDataSet) this.#receiving = { context, target }
    } else {
      if (this.#receiving?.context !== context)
        throw dimseError('PDU_UNEXPECTED', { what: 'data set fragment' })
      const { target } = this.#receiving
      await target?.write(pdv.fragment)
      if (!pdv.isLast) return
      this.#receiving = undefined
      await target?.end()
    }
  }

  /** A message has begun and not ended. */
  get busy(): boolean {
    return this.#receiving !== undefined || this.#command.pending
  }

  /** No more will come. */
  async abandon(reason: string): Promise<void> {
    const receiving = this.#receiving
    this.#receiving = undefined
    await receiving?.target?.abort(reason)
  }
}
