import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { addSignatures, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { cosign, cosignaturesOf, verifyCosignature } from './cosignature.ts'
import { leafHash } from './merkle-hash.ts'
import { MerkleTree } from './merkle-tree.ts'
import { seededSigner, seededWitness } from './testing.ts'

const origin = 'twiin.example/log'
const head = { origin, size: 5, root: leafHash(Uint8Array.of(1)) }
const note = signCheckpoint(head, seededSigner(1))
const checkpoint = parseCheckpoint(note)
const later = parseCheckpoint(signCheckpoint({ ...head, size: 6 }, seededSigner(1)))
const [one, two] = [seededWitness(2), seededWitness(3)]
const lineOfOne = cosign(checkpoint, one, 1_790_000_000)
/** The line with its bytes after the name changed. */
const changed = (line: string, change: (bytes: Buffer) => Uint8Array) => {
  const [dash = '', name = '', text = ''] = line.split(' ')
  return `${dash} ${name} ${Buffer.from(change(Buffer.from(text, 'base64'))).toString('base64')}`
}

describe('a cosignature', () => {
  it('comes back with the time at which it was made', () => {
    for (const time of [0, 1, 1_790_000_000, 2 ** 32, 2 ** 53 - 1]) {
      const line = cosign(checkpoint, one, time)
      expect(verifyCosignature(checkpoint, line, one)).toEqual({ name: one.name, time })
      expect(verifyCosignature(checkpoint, `${line}\n`, one)).toEqual({ name: one.name, time })
    }
  })

  it('is of this checkpoint, this witness, this key and this time', () => {
    expect(() => verifyCosignature(later, lineOfOne, one)).toThrow('CHECKPOINT_INVALID')
    expect(() => verifyCosignature(checkpoint, lineOfOne, two)).toThrow('OTHER_WITNESS')
    expect(() => verifyCosignature(checkpoint, lineOfOne, { ...two, name: one.name })).toThrow('COSIGNATURE')
    expect(() => verifyCosignature(checkpoint, lineOfOne.replace(one.name, two.name), two)).toThrow(
      'COSIGNATURE',
    )
    const nextSecond = changed(lineOfOne, (bytes) => {
      bytes.writeBigUInt64BE(bytes.readBigUInt64BE(4) + 1n, 4)
      return bytes
    })
    expect(() => verifyCosignature(checkpoint, nextSecond, one)).toThrow('COSIGNATURE')
  })

  it('does not hold with any bit of it changed', () => {
    for (let bit = 0; bit < 76 * 8; bit++) {
      const wrong = changed(lineOfOne, (bytes) => {
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        return bytes
      })
      expect(() => verifyCosignature(checkpoint, wrong, one)).toThrow('COSIGNATURE')
    }
  })

  it.each([0, 4, 11, 12, 68, 75, 77, 200])('of %d bytes is none', (length) => {
    const wrong = changed(lineOfOne, (bytes) => Buffer.concat([bytes, Buffer.alloc(200)]).subarray(0, length))
    expect(() => verifyCosignature(checkpoint, wrong, one)).toThrow('CHECKPOINT_INVALID')
  })

  it('with a time that a number cannot hold is refused, whoever signed it', () => {
    // 2^53 and 2^53 + 1 are one number here: the text that was signed could not be told from another.
    const time = 2n ** 53n
    const signature = one.sign(Buffer.from(`cosignature/v1\ntime ${time}\n${checkpoint.body}`))
    const wrong = changed(lineOfOne, (bytes) => {
      bytes.writeBigUInt64BE(time, 4)
      return Buffer.concat([bytes.subarray(0, 12), signature])
    })
    expect(() => verifyCosignature(checkpoint, wrong, one)).toThrow('COSIGNATURE')
  })

  it('is no signature of a log, nor the other way round', () => {
    const asLog = signCheckpoint({ ...head, origin: one.name }, one).split('\n')[4] as string
    expect(() => verifyCosignature(checkpoint, asLog, one)).toThrow('COSIGNATURE')
  })

  it('is not made at no time, or under no name, or by another key', () => {
    for (const time of [-1, 1.5, NaN, 2 ** 53]) expect(() => cosign(checkpoint, one, time)).toThrow('TIME')
    for (const name of ['', 'a b', 'a+b', 'a\ud800b']) {
      expect(() => cosign(checkpoint, { ...one, name }, 1)).toThrow('NAME')
    }
    expect(() => cosign(checkpoint, { ...one, sign: two.sign }, 1)).toThrow('COSIGNATURE')
  })

  it('is refused before it is read when it is longer than any note', () => {
    expect(() => verifyCosignature(checkpoint, `— ${'x'.repeat(10_000)} AAAA`, one)).toThrow('TOO_LONG')
  })
})

describe('the cosignatures of a note', () => {
  const noted = (...lines: string[]) => parseCheckpoint(addSignatures(note, lines))
  const lineOfTwo = cosign(checkpoint, two, 7)

  it('are those of known witnesses, in the order of the note', () => {
    const both = noted(lineOfTwo, lineOfOne)
    expect(cosignaturesOf(both, [one, two])).toEqual([
      { name: two.name, time: 7 },
      { name: one.name, time: 1_790_000_000 },
    ])
    expect(cosignaturesOf(both, [one]).map(({ name }) => name)).toEqual([one.name])
    expect(cosignaturesOf(both, [])).toEqual([])
    expect(cosignaturesOf(checkpoint, [one, two])).toEqual([])
  })

  it('pass over what strangers wrote, whatever it is', () => {
    expect(cosignaturesOf(noted('— stranger AAAAAAA=', lineOfOne), [one, two])).toHaveLength(1)
  })

  it('are all refused for one under a known name that does not fit', () => {
    const wrong = changed(lineOfTwo, (bytes) => bytes.fill(0, 12))
    expect(() => cosignaturesOf(noted(lineOfOne, wrong), [one, two])).toThrow('COSIGNATURE')
    expect(() => cosignaturesOf(noted(lineOfOne, `— ${two.name} AAAAAAA=`), [one, two])).toThrow(
      'COSIGNATURE',
    )
    expect(cosignaturesOf(noted(lineOfOne, wrong), [one])).toHaveLength(1)
  })

  it('count a witness once, however often it signed', () => {
    const twice = parseCheckpoint(`${note}${lineOfOne}\n${lineOfOne}\n${cosign(checkpoint, one, 5)}\n`)
    expect(cosignaturesOf(twice, [one, two])).toEqual([{ name: one.name, time: 1_790_000_000 }])
  })

  it('count a key once, under however many names: what is signed does not say who', () => {
    const alias = seededWitness(2, 'alias')
    const twice = noted(lineOfOne, cosign(checkpoint, alias, 9))
    expect(cosignaturesOf(twice, [one, alias])).toHaveLength(1)
  })
})

describe('the vectors of spec 11', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../../docs/spec/vectors/checkpoint.json', import.meta.url), 'utf8'),
  ) as {
    log: { origin: string; seed: string; publicKey: string }
    leaves: string[]
    size: number
    root: string
    note: string
    witnesses: { name: string; seed: string; publicKey: string; time: number; line: string }[]
    cosigned: string
    evidence: { index: number; path: string[] }
  }
  const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
  const ofSeed = (seed: string) => seededSigner(Number.parseInt(seed.slice(0, 2), 16))

  it('are what this code builds, signs and cosigns', () => {
    const tree = new MerkleTree()
    for (const leaf of vectors.leaves) tree.append(Buffer.from(leaf))
    expect([tree.size, hex(tree.root())]).toEqual([vectors.size, vectors.root])
    expect(tree.inclusionProof(vectors.evidence.index).map(hex)).toEqual(vectors.evidence.path)

    const log = ofSeed(vectors.log.seed)
    expect(hex(log.publicKey)).toBe(vectors.log.publicKey)
    const signed = signCheckpoint({ origin: vectors.log.origin, size: tree.size, root: tree.root() }, log)
    expect(signed).toBe(vectors.note)

    const lines = vectors.witnesses.map(({ name, seed, publicKey, time, line }) => {
      const witness = { ...ofSeed(seed), name }
      expect(hex(witness.publicKey)).toBe(publicKey)
      expect(cosign(parseCheckpoint(signed), witness, time)).toBe(line)
      return line
    })
    expect(addSignatures(signed, lines)).toBe(vectors.cosigned)
  })
})
