import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { syncFolder, writeFileDurably } from '@twiin/store'
import { verifyCheckpoint } from '@twiin/transparency'
import type { LogIdentity } from '@twiin/transparency'
import type { Books } from '../ledger/books.ts'
import type { LogFiles } from './log-files.ts'
import { SignedTree } from './signed-tree.ts'

/**
 * Keeps a ledger that lost lines from getting others in their place: to those who saw the lost ones the log would show two
 * lists, and what they revoked would be forgotten. Such a registry only reads: every act is refused with LEDGER_BEHIND,
 * until the missing lines are back. One that comes from a backup first waits whether anybody knows more
 * (LEDGER_UNCONFIRMED). spec 06 §5
 */
export class LedgerGuard implements Service {
  readonly name = 'ledger guard'
  readonly #files: LogFiles
  readonly #restoredWaitMs: number
  readonly #identity: LogIdentity
  readonly #books: Books
  readonly #clock: Clock
  readonly #log: Logger
  readonly #stopping = new AbortController()
  #signed: SignedTree | undefined
  #behind = false
  #onWhole: () => void = () => {}

  constructor(
    options: { files: LogFiles; restoredWaitMs: number; identity: LogIdentity },
    deps: { books: Books; clock: Clock; log: Logger },
  ) {
    this.#files = options.files
    this.#restoredWaitMs = options.restoredWaitMs
    this.#identity = options.identity
    this.#books = deps.books
    this.#clock = deps.clock
    this.#log = deps.log
  }

  async start(): Promise<void> {
    this.#signed = await SignedTree.open(this.#files.signed)
    const { last } = this.#signed
    const { tree } = this.#books
    if (last !== undefined && !this.isPartOfLedger(last)) this.#halt('signed', last.size)
    const told = await textOf(this.#files.behind)
    if (told !== undefined) {
      const { size, root } = verifyCheckpoint(told, this.#identity)
      if (!this.isPartOfLedger({ size, root })) this.#halt('told', size)
      else await this.#remove(this.#files.behind)
    }
    // A ledger with lines and no memory of signing was put here by somebody. The first line alone was never shown.
    if (last === undefined && tree.size > 1) await this.#markRestored()
    if (!this.#behind && (await textOf(this.#files.restored)) !== undefined) this.#waitForWord()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
  }

  /** Told when acts are taken again. */
  onWhole(listener: () => void): void {
    this.#onWhole = listener
  }

  get isBehind(): boolean {
    return this.#behind
  }

  /** To be called before each signature. */
  async remember(tree: { size: number; root: Uint8Array }): Promise<void> {
    await this.#signed?.remember(tree)
  }

  isPartOfLedger({ size, root }: { size: number; root: Uint8Array }): boolean {
    const { tree } = this.#books
    return size <= tree.size && Buffer.compare(tree.root(size), root) === 0
  }

  /**
   * Takes somebody's word for what this log once signed: nobody else can make it. One that this ledger does not lead to
   * halts the registry, also after a restart. Throws CHECKPOINT_INVALID.
   */
  async takeWord(note: string): Promise<void> {
    const { size, root } = verifyCheckpoint(note, this.#identity)
    if (this.isPartOfLedger({ size, root })) return
    this.#halt('told', size)
    await writeFileDurably(this.#files.behind, Buffer.from(note))
  }

  #halt(why: 'signed' | 'told', size: number): void {
    this.#behind = true
    this.#books.halt('LEDGER_BEHIND')
    this.#log.error('ledger behind: it lacks lines that this log has shown; restore them from a mirror', {
      ...{ why, shown: size, ledger: this.#books.tree.size },
    })
  }

  async #markRestored(): Promise<void> {
    const text = `${JSON.stringify({ at: new Date(this.#clock.now()).toISOString() })}\n`
    await writeFileDurably(this.#files.restored, Buffer.from(text))
  }

  #waitForWord(): void {
    this.#books.halt('LEDGER_UNCONFIRMED')
    this.#log.warn('restored registry: reads only, until others had time to say what they know', {
      seconds: this.#restoredWaitMs / 1000,
    })
    const confirm = async () => {
      if (this.#restoredWaitMs > 0) await this.#clock.sleep(this.#restoredWaitMs, this.#stopping.signal)
      if (this.#behind) return
      await this.#remove(this.#files.restored)
      this.#books.halt(undefined)
      this.#log.info('restored registry: nobody knows more than this ledger')
      this.#onWhole()
    }
    void confirm().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#log.error('restored registry', { code: codeOf(error) })
    })
  }

  async #remove(file: string): Promise<void> {
    await rm(file, { force: true })
    await syncFolder(dirname(file))
  }
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
}
