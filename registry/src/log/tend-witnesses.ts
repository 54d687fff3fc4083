import { codeOf } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import type { Act } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import { inRounds } from './in-rounds.ts'
import type { TransparencyLog } from './transparency-log.ts'
import { foundingWitnesses, nextWitnesses, phaseOf, quorum } from './witness-set.ts'

/** Acts after which others may be witnesses. */
const telling: readonly Act['act'][] = [
  'issued',
  'self-tested',
  'revoked',
  'suspended',
  'resumed',
  'reviewed',
]

/** Keeps the set of witnesses as spec 11 §4 says, and ends the founding (§6). Each change is a line. */
export class WitnessKeeper implements Service {
  readonly name = 'witnesses'
  readonly #graceMs: number
  readonly #books: Books
  readonly #transparency: TransparencyLog
  readonly #log: Logger
  #stopped = false

  /** Looks whether anything has to change; also to be called now and then, for certificates run out by themselves. */
  readonly tend = inRounds(() => this.#tend())

  constructor(
    options: { foundingGraceMs: number },
    deps: { books: Books; transparency: TransparencyLog; log: Logger },
  ) {
    this.#graceMs = options.foundingGraceMs
    this.#books = deps.books
    this.#transparency = deps.transparency
    this.#log = deps.log
  }

  async start(): Promise<void> {
    const tend = () =>
      this.tend().catch((error: unknown) => {
        if (!this.#stopped) this.#log.error('witnesses not tended', { code: codeOf(error) })
      })
    this.#books.onRecorded(({ act }) => {
      if (telling.includes(act)) void tend()
    })
    this.#transparency.onChanged(() => void tend())
    await tend()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.tend().catch(() => {})
  }

  async #tend(): Promise<void> {
    if (this.#stopped || this.#books.refusal !== undefined) return
    const { rules } = this.#transparency
    await this.#books.record((register, now) => {
      // Nodes judge the next set by the one they hold: one step at a time, each with the consent of the one before.
      if (!this.#transparency.isSettled) return undefined
      const peers = nextWitnesses(register, now)
      if (peers.join() === register.witnesses.join()) return undefined
      this.#log.info('witnesses changed', { now: peers.length, before: register.witnesses.length })
      return { act: 'witnesses', peers: [...peers] }
    })
    await this.#books.record((register, now) => {
      if (register.foundingEnded !== undefined || register.founded === undefined) return undefined
      const hasEnded = phaseOf(register, now) === 'required' || this.#mayEnd(now)
      if (!hasEnded) return undefined
      this.#log.info('founding ended: cosignatures are asked for from now on', { quorum: rules.quorum })
      return { act: 'founding-ended', quorum }
    })
  }

  /** spec 11 §6: three witnesses have cosigned one checkpoint, and nodes had time to learn who they are. */
  #mayEnd(now: number): boolean {
    const { witnesses, witnessesSince } = this.#books.register
    return (
      this.#transparency.mostCosigned(witnesses) >= foundingWitnesses && now >= witnessesSince + this.#graceMs
    )
  }
}
