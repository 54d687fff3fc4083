import { createHash } from 'node:crypto'
import { mapInTurns } from './in-turns.ts'
import {
  baseTimes,
  concat,
  identity,
  isCanonicalScalar,
  isPoint,
  plus,
  pointFromHash,
  randomScalar,
  reduce,
  same,
  scalars,
  times,
} from './ristretto255.ts'
import type { Random } from './ristretto255.ts'

// RFC 9497, suite ristretto255-SHA512, mode VOPRF (0x01), in batches with one proof.

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const context = 'OPRFV1-\x01-ristretto255-SHA512'
const tags = {
  group: ascii(`HashToGroup-${context}`),
  scalar: ascii(`HashToScalar-${context}`),
  seed: ascii(`Seed-${context}`),
  composite: ascii('Composite'),
  challenge: ascii('Challenge'),
  finalize: ascii('Finalize'),
}

/** RFC 9497 §3.3.1 Blind. Throws when the input maps to the identity, which no input is known to do. */
export function blind(input: Uint8Array, random?: Random): { blind: Uint8Array; blinded: Uint8Array } {
  const secret = randomScalar(random)
  return { blind: secret, blinded: times(secret, pointFromHash(expand(input, tags.group))) }
}

/** RFC 9497 §3.3.1 Finalize: 64 bytes. */
export function finalize(input: Uint8Array, secret: Uint8Array, evaluated: Uint8Array): Uint8Array {
  const unblinded = times(scalars.invert(secret), evaluated)
  return sha512(withLength(input), withLength(unblinded), tags.finalize)
}

/** RFC 9497 §3.3.2 BlindEvaluate for a batch of checked points; lets other work run in between. */
export async function evaluate(
  key: { secret: Uint8Array; publicKey: Uint8Array },
  blinded: readonly Uint8Array[],
  random?: Random,
): Promise<{ evaluated: Uint8Array[]; proof: Uint8Array }> {
  const evaluated = await mapInTurns(blinded, (point) => times(key.secret, point))
  const weights = compositeWeights(key.publicKey, blinded, evaluated)
  const m = await weightedSum(weights, blinded)
  const r = randomScalar(random)
  const c = challenge(key.publicKey, m, times(key.secret, m), baseTimes(r), times(r, m))
  return { evaluated, proof: concat(c, scalars.minus(r, scalars.times(c, key.secret))) }
}

/** RFC 9497 §2.2.2 VerifyProof. Whatever `evaluated` and `proof` are, the answer is true or false. */
export async function verify(
  publicKey: Uint8Array,
  blinded: readonly Uint8Array[],
  evaluated: readonly Uint8Array[],
  proof: Uint8Array,
): Promise<boolean> {
  // RFC 9497 §3.3: identity elements received over the wire are rejected.
  if (evaluated.length !== blinded.length || !isPoint(publicKey) || !evaluated.every(isPoint)) return false
  if (!(proof instanceof Uint8Array) || proof.length !== 64) return false
  const [c, s] = [proof.slice(0, 32), proof.slice(32)]
  if (!isCanonicalScalar(c) || !isCanonicalScalar(s)) return false
  try {
    const weights = compositeWeights(publicKey, blinded, evaluated)
    const [m, z] = [await weightedSum(weights, blinded), await weightedSum(weights, evaluated)]
    const t2 = plus(baseTimes(s), times(c, publicKey))
    const t3 = plus(times(s, m), times(c, z))
    return same(challenge(publicKey, m, z, t2, t3), c)
  } catch {
    // libsodium refuses products that are the identity; an honest proof yields one with probability 2^-252.
    return false
  }
}

/** RFC 9497 §2.2.1 ComputeComposites: the weight of every pair. */
function compositeWeights(
  publicKey: Uint8Array,
  c: readonly Uint8Array[],
  d: readonly Uint8Array[],
): Uint8Array[] {
  const seed = withLength(sha512(withLength(publicKey), withLength(tags.seed)))
  return c.map((point, i) =>
    hashToScalar(concat(seed, uint16(i), withLength(point), withLength(d[i] ?? point), tags.composite)),
  )
}

function challenge(...points: Uint8Array[]): Uint8Array {
  return hashToScalar(concat(...points.map(withLength), tags.challenge))
}

async function weightedSum(
  weights: readonly Uint8Array[],
  points: readonly Uint8Array[],
): Promise<Uint8Array> {
  const terms = await mapInTurns(points, (point, i) => times(weights[i] ?? identity, point))
  return terms.reduce(plus)
}

const hashToScalar = (message: Uint8Array): Uint8Array => reduce(expand(message, tags.scalar))

/** RFC 9380 §5.3.1 expand_message_xmd with SHA-512 to 64 bytes: one block. */
function expand(message: Uint8Array, tag: Uint8Array): Uint8Array {
  const tagPrime = concat(tag, Uint8Array.of(tag.length))
  const b0 = sha512(new Uint8Array(128), message, uint16(64), Uint8Array.of(0), tagPrime)
  return sha512(b0, Uint8Array.of(1), tagPrime)
}

function sha512(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)
const withLength = (bytes: Uint8Array): Uint8Array => concat(uint16(bytes.length), bytes)
