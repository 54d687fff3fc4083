import { TwiinError } from '@twiin/runtime'
import type { TreeHead } from '@twiin/transparency'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { LatestFile } from './latest-file.ts'

const shape = Compile(
  Type.Object(
    { size: Type.Integer({ minimum: 0 }), root: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
    { additionalProperties: false },
  ),
)

/**
 * The largest tree this log ever signed, on disk before the signature exists: no restart, and no older ledger that was put
 * in its place, leads to another tree of a size that somebody may have seen (spec 11 §7).
 */
export class SignedTree {
  readonly #file: LatestFile
  #last: { readonly size: number; readonly root: Uint8Array } | undefined

  #pending: Promise<void> = Promise.resolve()

  private constructor(file: LatestFile) {
    this.#file = file
  }

  /** Throws SIGNED_TREE_BROKEN for a file that says nothing: an operator has to look. */
  static async open(path: string): Promise<SignedTree> {
    const signed = new SignedTree(new LatestFile({ path }))
    const text = await signed.#file.read()
    if (text !== undefined) signed.#last = parse(text, path)
    return signed
  }

  /** Undefined when this log never signed, or nobody knows any more. */
  get last(): { readonly size: number; readonly root: Uint8Array } | undefined {
    return this.#last
  }

  /** Durable when it resolves. A smaller tree is part of the larger one that stands there already. */
  remember(head: Omit<TreeHead, 'origin'>): Promise<void> {
    const turn = this.#pending.then(() => this.#write(head))
    this.#pending = turn.catch(() => {})
    return turn
  }

  /** What could not be written was not remembered: it is written when it is asked for again. */
  async #write({ size, root }: Omit<TreeHead, 'origin'>): Promise<void> {
    if (this.#last !== undefined && this.#last.size >= size) return
    await this.#file.write(signedTreeText({ size, root }))
    this.#last = { size, root }
  }
}

export function signedTreeText({ size, root }: Omit<TreeHead, 'origin'>): string {
  return `${JSON.stringify({ size, root: Buffer.from(root).toString('hex') })}\n`
}

function parse(text: string, path: string): { size: number; root: Uint8Array } {
  try {
    const said: unknown = JSON.parse(text)
    if (shape.Check(said)) return { size: said.size, root: Uint8Array.from(Buffer.from(said.root, 'hex')) }
  } catch {
    // Judged below.
  }
  throw new TwiinError('SIGNED_TREE_BROKEN', { path })
}
