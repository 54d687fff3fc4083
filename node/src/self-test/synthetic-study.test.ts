import { createHash } from 'node:crypto'
import { passesElevenTest } from '@twiin/patient-token'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { packageOf, syntheticNumber, syntheticStudy } from './synthetic-study.ts'

const peer = `12D3KooW${'A'.repeat(44)}`
const other = `12D3KooW${'B'.repeat(44)}`
const run = new Uint8Array(16).fill(7)

it('has a number that is nobody’s: 9999, and the eleven-test passes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (id) => {
      const number = syntheticNumber(id, peer)
      expect(number).toMatch(/^9999\d{5}$/)
      expect(passesElevenTest(number)).toBe(true)
    }),
  )
})

it('is the same for everybody who knows run and peer, as the spec says', () => {
  const h = (...parts: (string | Uint8Array)[]) =>
    parts
      .reduce((hash, part) => hash.update(part), createHash('sha256').update('twiin/self-test/v1'))
      .digest()
  const study = syntheticStudy(run, peer)
  const digits = h(Uint8Array.of(0), run, peer).readUInt32BE() % 10_000
  expect(Number(study.number.slice(4, 8)) - digits).toBeOneOf([0, 1, -9999])
  expect(study.studyInstanceUid).toBe(
    `2.25.${BigInt(`0x${h(Uint8Array.of(1), run, peer).toString('hex').slice(0, 32)}`)}`,
  )
  expect(Buffer.from(study.handle)).toEqual(h(Uint8Array.of(4), run, peer).subarray(0, 16))
  expect(Buffer.from(packageOf(run, peer, other))).toEqual(
    h(Uint8Array.of(5), run, peer, other).subarray(0, 16),
  )
  expect(study.studyInstanceUid.length).toBeLessThanOrEqual(64)
  expect(syntheticStudy(run, peer)).toEqual(study)
})

it('is another one for every run and every peer', () => {
  const uids = [
    syntheticStudy(run, peer),
    syntheticStudy(run, other),
    syntheticStudy(new Uint8Array(16).fill(8), peer),
  ].flatMap(({ studyInstanceUid, instance }) => [studyInstanceUid, instance.sopInstanceUid])
  expect(new Set(uids).size).toBe(6)
  expect(packageOf(run, peer, other)).not.toEqual(packageOf(run, other, peer))
})

it('keeps to the vector of spec 12 §2', () => {
  const { number, studyInstanceUid, instance } = syntheticStudy(run, peer)
  expect([number, studyInstanceUid, instance.sopInstanceUid]).toEqual([
    '999961561',
    '2.25.336623766222872800261169070138145522456',
    '2.25.51284014092383125982542688349487587084',
  ])
})
