import { publicKeyOf } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import { MerkleTree, cosignaturesOf, verifyCheckpoint } from '@twiin/transparency'
import type { LogIdentity } from '@twiin/transparency'
import type { Recorded } from '../ledger/acts.ts'
import { LedgerReader } from '../ledger/ledger.ts'
import { Register } from '../ledger/register.ts'

/** A ledger as somebody else reads it: line by line, from wherever, believing nothing. */
export class LedgerCopy {
  readonly tree = new MerkleTree()
  readonly register = new Register()
  readonly #reader = new LedgerReader()

  get size(): number {
    return this.tree.size
  }

  /** SHA-256 of the last line. */
  get head(): string {
    return this.#reader.head
  }

  /** @throws TwiinError LEDGER_BROKEN with the number of a line that does not follow from the one before. */
  add(line: Uint8Array): Recorded {
    const act = this.#reader.read(line)
    this.register.apply(act, this.tree.append(line))
    return act
  }

  /** As the first line has it. Throws LEDGER_NOT_FOUNDED. */
  get identity(): LogIdentity {
    const { founded } = this.register
    if (founded === undefined) throw new TwiinError('LEDGER_NOT_FOUNDED')
    return {
      origin: `${founded.trustDomain}/log`,
      publicKey: Uint8Array.from(Buffer.from(founded.logKey, 'hex')),
    }
  }

  /**
   * Whether these lines are those of the checkpoint, and who of the members cosigned it.
   * Throws CHECKPOINT_INVALID, CHECKPOINT_AHEAD (it has more lines than this copy), LOG_DIVERGED (it has other lines).
   */
  judge(note: string): { size: number; root: Uint8Array; cosigners: string[] } {
    const checkpoint = verifyCheckpoint(note, this.identity)
    const { size, root } = checkpoint
    if (size > this.size) throw new TwiinError('CHECKPOINT_AHEAD', { checkpoint: size, lines: this.size })
    if (Buffer.compare(this.tree.root(size), root) !== 0) throw new TwiinError('LOG_DIVERGED', { size })
    const members = [...this.register.keys.keys()]
    const witnesses = members.map((name) => ({ name, publicKey: publicKeyOf(name) }))
    return { size, root, cosigners: cosignaturesOf(checkpoint, witnesses).map(({ name }) => name) }
  }
}
