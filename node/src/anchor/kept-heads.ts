import { auditHead, seenHead } from '@twiin/protocol'
import type { AuditHeadMessage, VerifySignature } from '@twiin/protocol'
import type { AuditHead } from '@twiin/audit'
import { TwiinError } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

/** A head as its node signed it, and as the member who saw it did. Without `seen`: found at a peer, spec 07 §8. */
export interface KeptHead {
  readonly head: Uint8Array
  readonly seen?: Uint8Array
}

/** What others signed of this node's log, as this node keeps it. */
export class KeptHeads {
  readonly #self: string
  readonly #kept: Repository<KeptHead>
  readonly #verify: VerifySignature

  constructor(options: { peerId: string }, deps: { kept: Repository<KeptHead>; verify: VerifySignature }) {
    this.#self = options.peerId
    this.#kept = deps.kept
    this.#verify = deps.verify
  }

  /** Durable when it resolves. */
  keep({ seq, witness }: Pick<AuditHeadMessage, 'seq' | 'witness'>, kept: KeptHead): Promise<void> {
    return this.#kept.put(`${String(seq).padStart(16, '0')}.${witness}`, kept)
  }

  /** Those that stand, by signature, newest first: all, or so many. What no signature holds up is passed over. */
  async heads({ newest }: { newest?: number } = {}): Promise<AuditHead[]> {
    const heads: AuditHead[] = []
    const range = { reverse: true, ...(newest === undefined ? {} : { limit: newest }) }
    for await (const [, kept] of this.#kept.entries(range)) {
      const head = placeOf(kept, this.#verify, this.#self)
      if (head !== undefined) heads.push({ seq: head.seq, hash: head.hash })
    }
    return heads
  }

  /** When the newest head was made that another member signed. */
  async lastSignedAt(): Promise<number | undefined> {
    for await (const [, kept] of this.#kept.entries({ reverse: true, limit: 100 })) {
      const head = kept.seen === undefined ? undefined : placeOf(kept, this.#verify, this.#self)
      if (head !== undefined) return head.at
    }
    return undefined
  }

  /** Newest first, base64, for a file elsewhere. */
  async list(limit = 1000): Promise<HeadOnFile[]> {
    const listed: HeadOnFile[] = []
    for await (const [, kept] of this.#kept.entries({ reverse: true, limit })) listed.push(onFile(kept))
    return listed
  }
}

/**
 * The head that this says the keeper's log had: signed by the keeper, or by the member who saw it. Undefined when no
 * signature fits, or it is of another log.
 */
export function placeOf(
  { head, seen }: KeptHead,
  verify: VerifySignature,
  keeper: string,
): (AuditHead & { witness: string; at: number }) | undefined {
  try {
    const { message } = auditHead.open(head, keeper, verify)
    if (message.keeper === keeper) return { ...message, hash: hex(message.hash) }
  } catch {
    // The keeper's own may be of an older key; what the witness signed says the same.
  }
  try {
    const { message } = seen === undefined ? {} : openSeen(seen, verify)
    if (message?.keeper === keeper) return { ...message, hash: hex(message.hash) }
  } catch {
    return undefined
  }
  return undefined
}

/** By the key of the witness it names. Throws SIGNATURE_INVALID, MESSAGE_INVALID. */
function openSeen(signed: Uint8Array, verify: VerifySignature) {
  const { message } = seenHead.open(signed, '', () => true)
  return seenHead.open(signed, message.witness, verify)
}

export interface HeadOnFile {
  readonly head: string
  readonly seen?: string
}
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
export const onFile = ({ head, seen }: KeptHead): HeadOnFile => ({
  head: base64(head),
  ...(seen === undefined ? {} : { seen: base64(seen) }),
})

const Text = Type.String({ minLength: 1, maxLength: 4096 })
const HeadsFile = Type.Object({
  own: Type.Optional(Type.Array(Type.Object({ head: Text, seen: Type.Optional(Text) }))),
  held: Type.Optional(Type.Array(Type.Object({ head: Text, seen: Type.Optional(Text) }))),
})
const shape = Compile(HeadsFile)

/**
 * The heads of this keeper in a file as `GET /audit-heads` gives it, of this node (`own`) or of a peer (`held`).
 * Throws HEADS_UNREADABLE, and HEADS_INVALID when none of them is this node's by signature.
 */
export function headsFromFile(text: string, keeper: string, verify: VerifySignature): AuditHead[] {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw new TwiinError('HEADS_UNREADABLE', {}, { cause })
  }
  if (!shape.Check(file)) throw new TwiinError('HEADS_UNREADABLE')
  const heads = [...(file.own ?? []), ...(file.held ?? [])].flatMap(({ head, seen }) => {
    const kept = {
      head: Buffer.from(head, 'base64'),
      ...(seen === undefined ? {} : { seen: Buffer.from(seen, 'base64') }),
    }
    const place = placeOf(kept, verify, keeper)
    return place === undefined ? [] : [{ seq: place.seq, hash: place.hash }]
  })
  if (heads.length === 0) throw new TwiinError('HEADS_INVALID')
  return heads
}

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
