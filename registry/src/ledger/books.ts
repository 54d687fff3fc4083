import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { MerkleTree } from '@twiin/transparency'
import type { Act, Recorded } from './acts.ts'
import { Ledger } from './ledger.ts'
import { Register } from './register.ts'

/** What was judged, and when; the register as it is at that moment and stays until the act is recorded. */
type Judge<A extends Act | undefined> = (register: Register, now: number) => A

/** The last lines of a full log are for what cuts off, and for the bundles that say so. */
const keptLines = 1000
const cutting: readonly Act['act'][] = ['requested', 'suspended', 'revoked', 'reviewed', 'published']

/**
 * The ledger and what follows from it. One act at a time: judged on the register, made durable, then applied.
 * Nobody sees an act that could still get lost, and no two acts are judged on the same state.
 */
export class Books {
  readonly register: Register
  /** Of all lines: the transparency log (spec 11 §2). */
  readonly tree: MerkleTree
  readonly #ledger: Ledger
  readonly #clock: Pick<Clock, 'now'>
  readonly #listeners: ((act: Recorded) => void)[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #halted: string | undefined

  private constructor(register: Register, tree: MerkleTree, ledger: Ledger, clock: Pick<Clock, 'now'>) {
    this.register = register
    this.tree = tree
    this.#ledger = ledger
    this.#clock = clock
  }

  /** `mostLines`: what the log may hold; a million unless told otherwise (spec 06 §5). */
  static async open(
    options: { file: string; mostLines?: number },
    deps: { clock: Pick<Clock, 'now'> },
  ): Promise<Books> {
    const { mostLines: limit } = options
    const register = new Register()
    const tree = new MerkleTree(limit === undefined ? {} : { limit })
    const ledger = await Ledger.open(options.file, (act, line, index) => {
      tree.append(line)
      register.apply(act, index)
    })
    return new Books(register, tree, ledger, deps.clock)
  }

  /** Told of every act, once it is durable and applied. */
  onRecorded(listener: (act: Recorded) => void): void {
    this.#listeners.push(listener)
  }

  /** Lines `start` to `end` (exclusive), as they stand on disk: the leaves of the log. */
  lines(start: number, end: number): Promise<Uint8Array[]> {
    return this.#ledger.lines(start, end)
  }

  /** False when a write failed: what the disk holds is only known after a restart. */
  get writable(): boolean {
    return !this.#ledger.failed
  }

  /** SHA-256 of the ledger's last line: two registers with the same head are the same. */
  get head(): string {
    return this.#ledger.head
  }

  /** From now on every act is refused with this code; undefined: they are taken again. */
  halt(code: string | undefined): void {
    this.#halted = code
  }

  /** Why acts are refused, when they are. */
  get refusal(): string | undefined {
    return this.#ledger.failed ? 'LEDGER_UNWRITABLE' : this.#halted
  }

  /** `judge` returns the act, nothing when there is nothing to do, or throws to refuse. */
  record<const A extends Act | undefined>(judge: Judge<A>): Promise<A> {
    return this.inTurn(async (register, now) => {
      const act = judge(register, now)
      if (act !== undefined) {
        if (this.#halted !== undefined) throw new TwiinError(this.#halted)
        // Before it is on disk: a line that no tree takes would keep the registry from ever starting again.
        if (this.tree.room <= (cutting.includes(act.act) ? 0 : keptLines))
          throw new TwiinError('LOG_FULL', { lines: this.tree.size })
        const recorded: Recorded = { at: now, ...act }
        await this.#ledger.append(recorded)
        for (const listener of this.#listeners) listener(recorded)
      }
      return act
    })
  }

  /** For what is no act but on which acts are judged: no act is judged or recorded while it changes. */
  inTurn<T>(work: (register: Register, now: number) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => work(this.register, this.#clock.now()))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#ledger.close()
  }
}
