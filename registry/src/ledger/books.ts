import type { Clock } from '@twiin/runtime'
import type { Act, Recorded } from './acts.ts'
import { Ledger } from './ledger.ts'
import { Register } from './register.ts'

/** What was judged, and when; the register as it is at that moment and stays until the act is recorded. */
type Judge<A extends Act | undefined> = (register: Register, now: number) => A

/**
 * The ledger and what follows from it. One act at a time: judged on the register, made durable, then applied.
 * Nobody sees an act that could still get lost, and no two acts are judged on the same state.
 */
export class Books {
  readonly register: Register
  readonly #ledger: Ledger
  readonly #clock: Pick<Clock, 'now'>
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(register: Register, ledger: Ledger, clock: Pick<Clock, 'now'>) {
    this.register = register
    this.#ledger = ledger
    this.#clock = clock
  }

  static async open(options: { file: string }, deps: { clock: Pick<Clock, 'now'> }): Promise<Books> {
    const register = new Register()
    const ledger = await Ledger.open(options.file, (act) => register.apply(act))
    return new Books(register, ledger, deps.clock)
  }

  /** False when a write failed: what the disk holds is only known after a restart. */
  get writable(): boolean {
    return !this.#ledger.failed
  }

  /** SHA-256 of the ledger's last line: two registers with the same head are the same. */
  get head(): string {
    return this.#ledger.head
  }

  /** `judge` returns the act, nothing when there is nothing to do, or throws to refuse. */
  record<const A extends Act | undefined>(judge: Judge<A>): Promise<A> {
    const turn = this.#turn.then(async () => {
      const now = this.#clock.now()
      const act = judge(this.register, now)
      if (act !== undefined) {
        const recorded: Recorded = { at: now, ...act }
        await this.#ledger.append(recorded)
        this.register.apply(recorded)
      }
      return act
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#ledger.close()
  }
}
