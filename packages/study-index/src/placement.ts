import { createHash } from 'node:crypto'
import type { Bucket } from '@twiin/protocol'
import { u32 } from './bytes.ts'
import type { IndexView, Membership } from './ports.ts'

/** The bucket of a location: its first `bits` bits. Spec 03 §4. */
export function bucketOf(loc: Uint8Array, epoch: number, bits: number): Bucket {
  return { epoch, bits, prefix: masked(loc, bits) }
}

/** The lowest and highest location of a bucket, both 32 bytes. */
export function rangeOf(bucket: Bucket): { epoch: number; from: Uint8Array; to: Uint8Array } {
  const from = new Uint8Array(32)
  from.set(masked(bucket.prefix, bucket.bits))
  const to = new Uint8Array(32).fill(0xff)
  to.set(u32((prefixNumber(from) | freeBits(bucket.bits)) >>> 0))
  return { epoch: bucket.epoch, from, to }
}

/** `epoch/bits/prefix` as one text, for maps. */
export function bucketName(bucket: Bucket): string {
  return `${bucket.epoch}/${bucket.bits}/${(prefixNumber(bucket.prefix) & ~freeBits(bucket.bits)) >>> 0}`
}

/** The `number`th of the 2^bits buckets of an epoch. */
export function bucketNumber(epoch: number, bits: number, number: number): Bucket {
  return { epoch, bits, prefix: u32(bits === 0 ? 0 : (number << (32 - bits)) >>> 0) }
}

/** The `replicas` members closest to a bucket, closest first. */
export function replicasOf(bucket: Bucket, members: readonly string[], replicas: number): string[] {
  return new Ring(members).closest(bucket, replicas)
}

interface Place {
  readonly peerId: string
  readonly words: readonly number[]
}

/** Members by the hash of their peer ID. */
class Ring {
  readonly #places: readonly Place[]

  constructor(members: readonly string[]) {
    this.#places = members.map((peerId) => ({ peerId, words: words(sha256(Buffer.from(peerId))) }))
  }

  closest(bucket: Bucket, count: number): string[] {
    const target = words(
      sha256(
        Buffer.concat([
          Buffer.from('twiin/bucket/v1'),
          u32(bucket.epoch),
          Uint8Array.of(bucket.bits),
          masked(bucket.prefix, bucket.bits),
        ]),
      ),
    )
    const closer = (a: Place, b: Place) => {
      for (let i = 0; i < 8; i++) {
        const word = target[i] ?? 0
        const difference = (((a.words[i] ?? 0) ^ word) >>> 0) - (((b.words[i] ?? 0) ^ word) >>> 0)
        if (difference !== 0) return difference < 0
      }
      return false
    }
    const best: Place[] = []
    for (const place of this.#places) {
      const at = best.findLastIndex((other) => !closer(place, other)) + 1
      if (at < count) best.splice(at, 0, place)
      if (best.length > count) best.pop()
    }
    return best.map(({ peerId }) => peerId)
  }
}

/** Who keeps what under the present view of the members. Revoked members keep nothing. */
export class Placement {
  readonly view: IndexView
  /** Members that count, by peer ID. */
  readonly members: ReadonlyMap<string, { ura: string; declaredPatients: number }>
  readonly #ring: Ring
  readonly #known = new Map<string, readonly string[]>()

  constructor(view: IndexView, isRevoked: (peerId: string) => boolean) {
    this.view = view
    const live = view.members.filter(({ peerId }) => !isRevoked(peerId))
    this.members = new Map(live.map((member) => [member.peerId, member]))
    this.#ring = new Ring([...this.members.keys()])
  }

  /** The epochs in which entries are kept and looked for: the current and the one before. */
  get epochs(): number[] {
    return this.view.epoch > 1 ? [this.view.epoch, this.view.epoch - 1] : [this.view.epoch]
  }

  bucketOf(loc: Uint8Array, epoch: number): Bucket {
    return bucketOf(loc, epoch, this.view.bits)
  }

  replicasOf(bucket: Bucket): readonly string[] {
    const name = bucketName(bucket)
    let replicas = this.#known.get(name)
    if (replicas === undefined) {
      replicas = this.compute(bucket)
      if (this.#known.size >= 20_000) this.#known.clear()
      this.#known.set(name, replicas)
    }
    return replicas
  }

  /** As `replicasOf`, for who goes through all buckets once. */
  compute(bucket: Bucket): readonly string[] {
    return this.#ring.closest(bucket, this.view.replicas)
  }
}

/** The placement of now, computed again only after the members changed. */
export function placementFollowing(membership: Membership): () => Placement {
  let placement: Placement | undefined
  return () => {
    const view = membership.current()
    if (placement?.view !== view) placement = new Placement(view, (peerId) => membership.isRevoked(peerId))
    return placement
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const words = (digest: Buffer) => Array.from({ length: 8 }, (_, i) => digest.readUInt32BE(4 * i))
const freeBits = (bits: number) => (bits === 0 ? 0xffffffff : bits >= 32 ? 0 : (1 << (32 - bits)) - 1) >>> 0
const prefixNumber = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
const masked = (loc: Uint8Array, bits: number) => u32((prefixNumber(loc) & ~freeBits(bits)) >>> 0)
