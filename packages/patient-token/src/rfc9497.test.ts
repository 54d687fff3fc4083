import { ristretto255_oprf } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBsn } from './bsn.ts'
import { KeeperKey } from './keeper-key.ts'
import { privateInput } from './patient-token.ts'
import { isPoint } from './ristretto255.ts'
import { blind, evaluate, finalize, verify } from './voprf.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString('hex')
/** A source of randomness that yields this scalar: reducing 64 bytes leaves a canonical one as it is. */
const yields = (scalar: string) => () => bytes(scalar + '00'.repeat(32))

const zero = '00'
const fives = '5a'.repeat(17)
const firstBlind = '64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706'
const secondBlind = '222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e'
const outputOfZero =
  'b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c'
const outputOfFives =
  '8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6'

const secretKey = 'e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909'
const publicKey = 'c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e'

const vectors = [
  {
    name: 'A.1.2.1',
    inputs: [zero],
    blinds: [firstBlind],
    blinded: ['863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945'],
    evaluated: ['aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e'],
    proof:
      'ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd066d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d',
    proofRandom: secondBlind,
    outputs: [outputOfZero],
  },
  {
    name: 'A.1.2.2',
    inputs: [fives],
    blinds: [firstBlind],
    blinded: ['cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c'],
    evaluated: ['60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468'],
    proof:
      '401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02',
    proofRandom: secondBlind,
    outputs: [outputOfFives],
  },
  {
    name: 'A.1.2.3 (batch of two)',
    inputs: [zero, fives],
    blinds: [firstBlind, secondBlind],
    blinded: [
      '863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945',
      '90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654',
    ],
    evaluated: [
      'aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e',
      'cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a',
    ],
    proof:
      'cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08',
    proofRandom: '419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c',
    outputs: [outputOfZero, outputOfFives],
  },
]

describe('VOPRF on ristretto255-SHA512', () => {
  const key = KeeperKey.fromBytes(bytes(secretKey))
  const share = { secret: key.bytes, publicKey: key.publicKey }

  it.each(vectors)('gives every byte of RFC 9497 $name', async (vector) => {
    expect(hex(key.publicKey)).toBe(publicKey)
    const blinds = vector.inputs.map((input, i) => blind(bytes(input), yields(vector.blinds[i] ?? '')))
    expect(blinds.map(({ blinded }) => hex(blinded))).toEqual(vector.blinded)

    const blinded = vector.blinded.map(bytes)
    const { evaluated, proof } = await evaluate(share, blinded, yields(vector.proofRandom))
    expect(evaluated.map(hex)).toEqual(vector.evaluated)
    expect(hex(proof)).toBe(vector.proof)
    expect(await verify(key.publicKey, blinded, evaluated, proof)).toBe(true)

    const outputs = blinds.map((one, i) =>
      finalize(bytes(vector.inputs[i] ?? ''), one.blind, evaluated[i] ?? one.blind),
    )
    expect(outputs.map(hex)).toEqual(vector.outputs)
  })

  it('makes the token of spec 02 §10 from a BSN', async () => {
    const input = privateInput(parseBsn('999990019'))
    expect(hex(input)).toBe('48106c80326137cd3cde813b21cf822daccd27c503da46ed1b8a2042a7d294ab')
    const one = blind(input)
    const { evaluated } = await evaluate(share, [one.blinded])
    expect(hex(finalize(input, one.blind, evaluated[0] ?? input))).toBe(
      '6259cf693a422c3e414b525ad4ccd389b70618d5be5b348df4e73171dc91f581622895d7ee9e00a05166a7524f3390cb0a9b2771011cf9ca5e657b0f22e9f8de',
    )
  })

  it('agrees with an independent implementation, in both directions, whatever the key and the inputs', async () => {
    const inputs = fc.array(fc.uint8Array({ maxLength: 64 }), { minLength: 1, maxLength: 5 })
    const seed = fc.uint8Array({ minLength: 64, maxLength: 64 })
    const reference = ristretto255_oprf.voprf
    await fc.assert(
      fc.asyncProperty(seed, inputs, async (seed, inputs) => {
        const key = KeeperKey.generate(() => seed)
        const blinds = inputs.map((input) => ({ input, ...blind(input) }))
        const blinded = blinds.map((one) => one.blinded)

        const theirs = reference.blindEvaluateBatch(key.bytes, key.publicKey, blinded)
        const ours = await evaluate({ secret: key.bytes, publicKey: key.publicKey }, blinded)
        expect(ours.evaluated.map(hex)).toEqual(theirs.evaluated.map(hex))
        expect(await verify(key.publicKey, blinded, theirs.evaluated, theirs.proof)).toBe(true)

        const items = blinds.map((one, i) => ({ ...one, evaluated: ours.evaluated[i] ?? one.blinded }))
        const outputs = items.map((one) => hex(finalize(one.input, one.blind, one.evaluated)))
        expect(outputs).toEqual(reference.finalizeBatch(items, key.publicKey, ours.proof).map(hex))
      }),
      { numRuns: 15 },
    )
  })

  it('notices any changed bit in points or proof, and never throws on rubbish', async () => {
    const blinded = [blind(bytes(zero)).blinded, blind(bytes(fives)).blinded]
    const { evaluated, proof } = await evaluate(share, blinded)
    const flipped = (value: Uint8Array | undefined, bit: number) =>
      Uint8Array.from(value ?? [], (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    const bits = Array.from({ length: 256 }, (_, i) => i)
    const honest = [key.publicKey, blinded, evaluated, proof] as const
    expect(await verify(...honest)).toBe(true)
    for (const bit of bits.filter((bit) => bit % 5 === 0 || bit > 250)) {
      const other = [flipped(evaluated[0], bit), evaluated[1] ?? proof]
      expect(await verify(key.publicKey, blinded, other, proof)).toBe(false)
      expect(await verify(key.publicKey, blinded, evaluated, flipped(proof, bit))).toBe(false)
      expect(await verify(key.publicKey, blinded, evaluated, flipped(proof, bit + 256))).toBe(false)
    }
    const rubbish = [new Uint8Array(32), new Uint8Array(31), new Uint8Array(64).fill(255), new Uint8Array(64)]
    for (const bad of rubbish) {
      expect(await verify(key.publicKey, blinded, [bad, bad], proof)).toBe(false)
      expect(await verify(key.publicKey, blinded, evaluated, bad)).toBe(false)
      expect(await verify(bad, blinded, evaluated, proof)).toBe(false)
    }
    expect(await verify(key.publicKey, blinded, evaluated.slice(1), proof)).toBe(false)
    expect(await verify(key.publicKey, blinded, evaluated.toReversed(), proof)).toBe(false)
  })

  it('takes exactly the points an independent implementation takes', () => {
    const point = key.publicKey
    const highBit = Uint8Array.from(point, (byte, i) => (i === 31 ? byte | 0x80 : byte))
    expect([point, highBit, point.slice(1), new Uint8Array(32), new Uint8Array(33)].map(isPoint)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (candidate) => {
        let accepted = true
        try {
          ristretto255_oprf.oprf.blindEvaluate(key.bytes, candidate)
        } catch {
          accepted = false
        }
        expect(isPoint(candidate)).toBe(accepted)
      }),
      { numRuns: 300 },
    )
  })
})
