import { LogKey } from '@twiin/identity'
import type { NodeKey } from '@twiin/identity'
import type { Bundle, Evidence } from '@twiin/protocol'
import { MerkleTree, addSignatures, cosign, parseCheckpoint, signCheckpoint } from '@twiin/transparency'
import { contentsDigest } from '../trust/log-leaf.ts'

/** A transparency log in memory, and witnesses that sign whatever it shows. */
export class TestLog {
  readonly origin: string
  readonly key: LogKey
  readonly tree = new MerkleTree()
  readonly #leaves: Uint8Array[] = []

  constructor(options: { trustDomain: string; key?: LogKey }) {
    this.origin = `${options.trustDomain}/log`
    this.key = options.key ?? LogKey.generate()
  }

  get identity(): Bundle['log'] {
    return { origin: this.origin, publicKey: this.key.publicKey }
  }

  get size(): number {
    return this.#leaves.length
  }

  /** The same log, up to here, that goes on to say something else. */
  fork(): TestLog {
    const fork = new TestLog({ trustDomain: this.origin.slice(0, -'/log'.length), key: this.key })
    for (const leaf of this.#leaves) fork.#add(leaf)
    return fork
  }

  /** Adds a line; its index. */
  append(act: object): number {
    return this.#add(Buffer.from(JSON.stringify({ seq: this.size + 1, ...act })))
  }

  checkpoint(witnesses: readonly NodeKey[] = [], size = this.size): string {
    const { origin, key } = this
    const signer = { publicKey: key.publicKey, sign: (note: Uint8Array) => key.signNote(note) }
    const note = signCheckpoint({ origin, size, root: this.tree.root(size) }, signer)
    const lines = witnesses.map((witness) => {
      const { peerId: name, publicKey } = witness
      const own = { name, publicKey, sign: (message: Uint8Array) => witness.cosign(message) }
      return cosign(parseCheckpoint(note), own, 1_790_000_000)
    })
    return addSignatures(note, lines)
  }

  evidence(index: number, witnesses: readonly NodeKey[] = []): Evidence {
    const leaf = this.#leaves[index] ?? new Uint8Array()
    const path = this.tree.inclusionProof(index)
    return { leaf, index, path, checkpoint: this.checkpoint(witnesses) }
  }

  /** Certificate on record. */
  issued(der: Uint8Array, witnesses: readonly NodeKey[] = []): Evidence {
    const certificate = Buffer.from(der).toString('base64')
    return this.evidence(this.append({ act: 'issued', certificate }), witnesses)
  }

  /** Bundle on record. */
  published(bundle: Bundle, witnesses: readonly NodeKey[] = []): Evidence {
    const { version, issuedAt: at } = bundle
    return this.evidence(
      this.append({ act: 'published', version, at, digest: contentsDigest(bundle) }),
      witnesses,
    )
  }

  #add(leaf: Uint8Array): number {
    this.#leaves.push(leaf)
    return this.tree.append(leaf)
  }
}
